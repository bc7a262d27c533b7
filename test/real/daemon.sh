# shellcheck shell=bash
# For test scripts: homek8sd on a configuration of its own, and counts of what it did to
# libvirt and to the API server, taken from their own logs. Brings report.sh along; a
# failed line of the report is followed by what the daemon says. The programs are taken
# from $BUILD (build/ where that is not set).
# shellcheck disable=SC2016 # dollars in single quotes are jq's
#
#   daemon_home DIR          all of it lies there from now on: etc, state, socket, log
#   put_file PATH            standard input becomes DIR/etc/PATH, at once and whole
#   daemon_start             and wait until it answers; daemon_spawn does not wait
#   daemon_stop, daemon_kill by SIGTERM, by SIGKILL; and wait until it is gone
#   daemon_mark              what the log says from here on is what daemon_said reads
#   daemon_said TEXT         a line has it
#   ctl ARGS                 homek8sctl on its socket
#   status ARGS              what it reports, whether or not all is as written
#   is OBJECT VERDICT [TEXT] status says so of kind/name; TEXT is in reason or conditions
#   in_order KIND...         every object of these kinds is converged
#   source_is SOURCE STATE [TEXT]  libvirt, kubernetes, config; TEXT is in the detail
#   stays WHAT CONDITION SECS        holds all that time
#   finding ID [TEXT]        status has it, with TEXT in it
#   heals WHAT BREAK CONDITION SECS  breaks it and waits; ms are from before the break
#   ask_status SECS          asks for it all that time (put it in the background), then
#   status_answered WHAT     reports whether it answered each time within 100 ms
#   libvirt_count_calls      from here on libvirtd (restarted) logs each call
#   libvirt_mark             what libvirt_writes counts from
#   libvirt_writes           prints each call since then that changes something
#   libvirt_wrote WHAT [CALL...]  exactly these, in any order; a line of the report
#   api_count_calls DIR      from here on the API server of DIR (restarted) logs each call
#   api_mark, api_writes     likewise: VERB RESOURCE/NAME of each request of the daemon
#                            that changes something
#   api_wrote WHAT [CALL...] exactly these, in this order
#   rights_used              since then, by user homek8sd: VERB GROUP/RESOURCE, or the same
#                            with " in metallb-system"; a watch is there when it has ended
#   rights_granted           likewise, by conf/cluster-role.yaml
#   rights_refused           VERB PATH of what was asked for without the right

# shellcheck source-path=SCRIPTDIR source=report.sh
. "$(dirname "${BASH_SOURCE[0]}")/report.sh"

real=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
programs=${BUILD:-$real/../../build}
home=
daemon_pid=
daemon_lines=0

daemon_home() { # DIR
	home=$1
	export HOMEK8S_SOCKET=$home/socket
	mkdir -p "$home/etc/desired.d" "$home/state"
	: >"$home/log"
}

# Written beside it and moved: the daemon never reads half a file.
put_file() { # PATH
	cat >"$home/coming"
	chmod 600 "$home/coming"
	mv "$home/coming" "$home/etc/$1"
}

ctl() { timeout 60 "$programs/homek8sctl" "$@"; }
# Not as written is an answer, too.
status() { ctl status "$@" || [[ $? == 1 ]]; }

daemon_spawn() {
	nice -n -10 "$programs/homek8sd" --config-dir "$home/etc" --state-dir "$home/state" \
		--socket "$HOMEK8S_SOCKET" </dev/null >>"$home/log" 2>&1 &
	daemon_pid=$!
}
daemon_start() {
	daemon_spawn
	wait_for 'ctl list' 10 >/dev/null
}

daemon_end() { # SIGNAL
	kill -"$1" "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null || true
}
daemon_stop() { daemon_end TERM; }
daemon_kill() { daemon_end KILL; }

daemon_mark() { daemon_lines=$(wc -l <"$home/log"); }
daemon_log() { tail -n "+$((daemon_lines + 1))" "$home/log"; }
daemon_said() { daemon_log | grep -qF -- "$1"; }

# Beside what failed, what the daemon reports.
no() { # WHAT
	failed=$((failed + 1))
	echo "not ok $((passed + failed)) - $1"
	{
		ctl status | head -n 16
		tail -n 10 "$home/log"
	} 2>&1 | sed 's/^/#   /' || true
}

status_has() { # JQ-CONDITION [JQ ARGS]
	local condition=$1
	shift
	status -o json | jq -en "input | ($condition)" "$@" >/dev/null
}

is() { # OBJECT VERDICT [TEXT]
	status_has 'any(.objects[]; "\(.kind)/\(.name)" == $object and .verdict == $verdict
		and ([.reason, .conditions[].message] | join("\n") | contains($text)))' \
		--arg object "$1" --arg verdict "$2" --arg text "${3:-}"
}

in_order() { # KIND...
	status_has '[.objects[] | select(.kind | IN($ARGS.positional[]))] |
		length > 0 and all(.[]; .verdict == "converged")' --args "$@"
}

source_is() { # SOURCE STATE [TEXT]
	status_has '.sources[$source] | .state == $state and
		((.detail // .error // "") | contains($text))' \
		--arg source "$1" --arg state "$2" --arg text "${3:-}"
}

heals() { # WHAT BREAK CONDITION SECS
	local start
	start=$(now_ms)
	if eval "$2" >/dev/null 2>&1 && wait_for "$3" "$4" >/dev/null; then
		ok "$1" $(($(now_ms) - start))
	else
		no "$1"
	fi
}

finding() { # ID [TEXT]
	status_has 'any(.findings[]; .id == $id and (.text | contains($text)))' \
		--arg id "$1" --arg text "${2:-}"
}

stays() { # WHAT CONDITION SECS
	local end
	end=$(($(now_ms) + $3 * 1000))
	while (($(now_ms) < end)); do
		if ! eval "$2" >/dev/null 2>&1; then
			no "$1"
			return
		fi
		sleep 0.2
	done
	ok "$1"
}

# Who asks goes first, as the daemon does: what else runs on this machine is not measured.
ask_status() { # SECS
	local end start
	renice -n -10 -p "$BASHPID" >/dev/null 2>&1 || true
	end=$(($(now_ms) + $1 * 1000))
	while (($(now_ms) < end)); do
		start=$(now_ms)
		if status -o json >/dev/null; then
			echo $(($(now_ms) - start))
		else
			echo failed
		fi
		sleep 0.1
	done >"$home/answers"
}

# On a busy machine a program may once have to wait for a processor: one answer in ten
# may take longer, none as long as half a second.
status_answered() { # WHAT
	local all slow slowest
	all=$(wc -l <"$home/answers")
	slow=$(awk '$1 > 100' "$home/answers" | wc -l)
	slowest=$(sort -n "$home/answers" | tail -n 1)
	if ! grep -q failed "$home/answers" && ((slow * 10 <= all && slowest < 500)); then
		ok "$1, slowest of $all" "$slowest"
	else
		no "$1: $slow of $all late, slowest $slowest ms"
	fi
}

# libvirt's own word for who called what: its public functions, as libvirtd enters them.
libvirt_count_calls() {
	sed -i '/^log_outputs/d' /etc/libvirt/libvirtd.conf
	cat >>/etc/libvirt/libvirtd.conf <<-END
		log_filters = "1:libvirt.domain 1:libvirt.network"
		log_outputs = "2:file:$LAB/libvirtd.log 1:file:$LAB/calls.log"
	END
	libvirtd_stop
	libvirtd_start
	libvirt_mark
}

libvirt_lines=0
libvirt_mark() { libvirt_lines=$(wc -l <"$LAB/calls.log"); }

# Whatever is not known to only read counts. Ports are made by libvirt itself when a
# domain starts.
libvirt_writes() {
	tail -n "+$((libvirt_lines + 1))" "$LAB/calls.log" |
		sed -n 's/.*: debug : \(vir[A-Z][A-Za-z]*\):[0-9]* : [a-z]*=.*/\1/p' |
		grep -vE '^vir(Connect|Event)|(Get|Lookup|Is|Has|List|Free|Ref$|Ref[A-Z])|^virNetworkPort|^virNetworkDHCPLease' || true
}

# A line of the report: is what was FOUND what was due?
called() { # WHAT FOUND DUE
	if [[ $2 == "$3" ]]; then
		ok "$1"
	else
		no "$1"
		uniq -c <<<"$2" | sed 's/^/#   called: /'
	fi
}

libvirt_wrote() { # WHAT [CALL...]
	called "$1" "$(libvirt_writes | sort)" "$(printf '%s\n' "${@:2}" | sort)"
}

api_count_calls() { # DIR
	api_dir=$1
	cat >"$api_dir/audit.yaml" <<-END
		apiVersion: audit.k8s.io/v1
		kind: Policy
		omitStages: [RequestReceived]
		rules: [{level: Metadata}]
	END
	export APISERVER_ARGS="--audit-policy-file=$api_dir/audit.yaml"
	APISERVER_ARGS+=" --audit-log-path=$api_dir/audit.log"
	"$real/apiserver.sh" restart "$api_dir"
	api_mark
}

api_lines=0
api_mark() { api_lines=$(wc -l <"$api_dir/audit.log"); }

api_writes() {
	tail -n "+$((api_lines + 1))" "$api_dir/audit.log" |
		jq -r 'select(.userAgent // "" | startswith("homek8sd")) |
			select(.verb | IN("get", "list", "watch") | not) |
			"\(.verb) \(.objectRef.resource)/\(.objectRef.name)"'
}

api_wrote() { # WHAT [CALL...]
	called "$1" "$(api_writes)" "$(printf '%s\n' "${@:2}")"
}

# Who applies what is not there yet needs the right to create it, too.
rights_used() {
	tail -n "+$((api_lines + 1))" "$api_dir/audit.log" | jq -r '
		select(.user.username == "homek8sd" and .objectRef.resource) |
		(.verb, if .verb == "patch" and .responseStatus.code == 201 then "create" else empty end)
		+ (.objectRef | " \(.apiGroup // "core")/\([.resource, .subresource // empty] | join("/"))\(
		if .namespace == "metallb-system" then " in metallb-system" else "" end)")' | sort -u
}
rights_granted() {
	awk -F'[][]' '
		/^---$/ { space = "" }
		/^  namespace: / { space = " in " substr($0, 14) }
		/^- apiGroups:/ { group = $2 == "\"\"" ? "core" : $2 }
		/^  resources:/ { resources = $2 }
		/^  verbs:/ {
			n = split(resources, resource, ", ")
			m = split($2, verb, ", ")
			for (i = 1; i <= n; i++)
				for (j = 1; j <= m; j++)
					print verb[j] " " group "/" resource[i] space
		}' "$real/../../conf/cluster-role.yaml" | sort -u
}
rights_refused() {
	tail -n "+$((api_lines + 1))" "$api_dir/audit.log" | jq -r 'select(.user.username ==
		"homek8sd" and .responseStatus.code == 403) | "\(.verb) \(.requestURI)"' | sort -u
}
