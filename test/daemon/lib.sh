# shellcheck shell=bash
# For the tests of the whole daemon (test_*.sh): the private world of test/run/home.sh, and
# words to break it, to look at it and to count what was done to it. Brings
# test/real/report.sh along; a failed line is followed by how the daemon sees it.
# shellcheck disable=SC2016,SC2034 # dollars in single quotes are jq's; names are for tests
#
#   world                    libvirtd, the API server and the example home; no daemon yet
#   settings                 homek8s.yaml anew: $kubernetes (on), $resync (2s), $vm (patient)
#                            and the line $more
#   put PATH                 standard input becomes etc/PATH, at once and whole
#   start, stop, slay        the daemon ($program): until it answers; by SIGTERM; by SIGKILL
#   ctl ARGS, vir ARGS       homek8sctl, virsh; neither waits for ever
#   quiet COMMAND...         whatever it says
#   exits CODE COMMAND...    true when it ends with that code; what it said is in $out, $err
#   has PART...              each part is in $out or $err
#   mark, said TEXT          what the daemon has logged since then has it
#   is OBJECT VERDICT [TEXT] status says so of KIND/NAME; TEXT is in reason or conditions
#   verdict_is WORD          that of the whole home
#   answers JQ [ARGS]        the JSON on standard input answers this question with true
#   status_has, events_have JQ [ARGS]  so does the status, so do the events
#   source_is SOURCE STATE [TEXT]    TEXT is in its detail or error
#   converged                now
#   stays WHAT CONDITION SECS        holds all that time
#   heals WHAT BREAK CONDITION SECS  breaks it and waits; ms are from before the break
#   state DOMAIN, runs DOMAIN...     as libvirt says
#   libvirt_mark, libvirt_writes     calls since then that change something, a line each
#   hang_libvirtd, wake_libvirtd     SIGSTOP and SIGCONT
#   api METHOD PATH [JSON]   a request of our own
#   fault JSON, no_faults    of the API server (fake-apiserver --help)
#   api_mark, api_writes     "METHOD path" of each request since then that changes something
#   pool_is NAME RANGE...    exactly these ranges, in the API server
#   finish                   the last line; what a sanitizer has said counts, too
#   watch_status FILE        asks until FILE is gone; the slowest answer in ms, or "failed"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../run/home.sh
. "$here/../run/home.sh"
# shellcheck source-path=SCRIPTDIR source=../real/report.sh
. "$here/../real/report.sh"

# Bars of time and memory are for the plain build; a sanitizer's is slower.
slower=1
! grep -q __asan_init "$build/homek8sd" || slower=10
out=
err=
log=$work/homek8sd.out
calls=$work/libvirt/calls.log
pools=/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools
advertisements=/apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements

# libvirt's own word for who called what: its public functions, as libvirtd enters them.
count_calls() {
	sed -i '/^log_outputs/d' "$work/libvirt/libvirtd.conf"
	cat >>"$work/libvirt/libvirtd.conf" <<-END
		log_filters = "1:libvirt.domain 1:libvirt.network"
		log_outputs = "3:file:$work/libvirt/libvirtd.log 1:file:$calls"
	END
}

world() {
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	libvirtd_conf
	count_calls
	start_libvirtd
	hold_libvirtd
	empty_libvirtd
	start_api
	write_config
	: >"$log"
}

# Written beside it and moved: the daemon never reads half a file.
put() { # PATH
	cat >"$work/coming"
	chmod 600 "$work/coming"
	mv "$work/coming" "$work/etc/$1"
}

settings() {
	put homek8s.yaml <<-END
		libvirt: {uri: "$uri"}
		kubernetes: {mode: "${kubernetes:-on}"}
		resync: ${resync:-2s}
		vm: {${vm:-minimum_uptime: 1s, start_attempts: 1000}}
		${more:-}
	END
}

start() {
	"${program:-$build/homek8sd}" --config-dir "$work/etc" --state-dir "$work/state" \
		--socket "$HOMEK8S_SOCKET" </dev/null >>"$log" 2>&1 &
	daemon_pid=$!
	wait_for 'ctl version | grep homek8sd' 10 >/dev/null ||
		die "homek8sd did not start: $(tail -5 "$log")"
}

end_daemon() { # SIGNAL
	kill -"$1" "$daemon_pid" 2>/dev/null
	wait "$daemon_pid" 2>/dev/null
	daemon_pid=
}
stop() { end_daemon TERM; }
slay() { end_daemon KILL; }

ctl() { timeout 10 "$ctl" "$@"; }
vir() { timeout 10 virsh -q -c "$uri" "$@"; }
quiet() { "$@" >/dev/null 2>&1; }

exits() { # CODE COMMAND...
	local want=$1 code=0
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
	out=$(tr -d '\0' <"$work/out")
	err=$(tr -d '\0' <"$work/err")
	[ "$code" = "$want" ] || echo "exit $code, not $want: $*" >&2
	[ "$code" = "$want" ]
}

has() { # PART...
	local part
	for part; do
		[[ $out$'\n'$err == *"$part"* ]] || {
			echo "lacks: $part" >&2
			return 1
		}
	done
}

log_lines=0
mark() { log_lines=$(wc -l <"$log"); }
said() { tail -n "+$((log_lines + 1))" "$log" | grep -qF -- "$1"; }

# Beside what failed: what the command said, and how the daemon sees it.
no() { # WHAT
	failed=$((failed + 1))
	echo "not ok $((passed + failed)) - $1"
	{
		[ -z "$out$err" ] || printf '%s\n%s\n' "$out" "$err" | head -12
		ctl status && tail -n 8 "$log"
	} 2>&1 | sed 's/^/#   /'
}

# What comes true within SECONDS; what was asked stands beside a failure.
check() { # WHAT CONDITION [SECONDS]
	local ms why
	why=$work/why
	out='' err=''
	if check_wait "$2" "${3:-0}" 2>"$why"; then
		ok "$1" "$ms"
	else
		no "$1"
		tail -3 "$why" | sed 's/^/#   /'
	fi
}

# In this shell, so that $out and $err of the last try are known.
check_wait() { # CONDITION SECONDS; sets ms
	local begun
	begun=$(now_ms)
	until eval "$1" >/dev/null; do
		ms=$(($(now_ms) - begun))
		((ms < $2 * 1000)) || {
			echo "not so after $ms ms: $1" >&2
			return 1
		}
		sleep 0.05
	done
	ms=$(($(now_ms) - begun))
}

# With input taken by hand, no answer is an error to jq, not "nothing was false".
answers() { # JQ [ARGS]
	local question=$1
	shift
	jq -en "input | ($question)" "$@" >/dev/null
}

status_has() { ctl status -o json | answers "$@"; }
events_have() { ctl events -o json | answers "$@"; }

is() { # OBJECT VERDICT [TEXT]
	status_has 'any(.objects[]; "\(.kind)/\(.name)" == $object and .verdict == $verdict
		and ([.reason, .error, .conditions[].message] | map(. // "") | join("\n") |
			contains($text)))' \
		--arg object "$1" --arg verdict "$2" --arg text "${3:-}"
}

verdict_is() { status_has '.verdict == $word' --arg word "$1"; }
converged() { verdict_is converged; }

source_is() { # SOURCE STATE [TEXT]
	status_has '.sources[$source] | .state == $state and
		((.detail // .error // "") | contains($text))' \
		--arg source "$1" --arg state "$2" --arg text "${3:-}"
}

heals() { # WHAT BREAK CONDITION SECS
	local begun
	begun=$(now_ms)
	out='' err=''
	if eval "$2" >/dev/null 2>&1 && wait_for "$3" "$4" >/dev/null; then
		ok "$1" $(($(now_ms) - begun))
	else
		no "$1"
	fi
}

stays() { # WHAT CONDITION SECS
	local end
	end=$(($(now_ms) + $3 * 1000))
	out='' err=''
	while (($(now_ms) < end)); do
		if ! eval "$2" >/dev/null 2>&1; then
			no "$1"
			return
		fi
		sleep 0.1
	done
	ok "$1"
}

state() { vir domstate "$1" 2>/dev/null | head -1; }
runs() { # DOMAIN...
	local domain
	for domain; do
		[ "$(state "$domain")" = running ] || return 1
	done
}

calls_lines=0
libvirt_mark() { calls_lines=$(wc -l <"$calls"); }

# Whatever is not known to only read counts.
libvirt_writes() {
	tail -n "+$((calls_lines + 1))" "$calls" |
		sed -nE 's/.* : (vir(Domain|Network)[A-Z][A-Za-z]*):[0-9]+ : .*/\1/p' |
		grep -vE 'Get|Lookup|Is|Has|List|Free|Ref$|Ref[A-Z]|Port|DHCPLease|Num$|SetResponseTimeout' || true
}

# As root libvirtd is the child of what holds its namespaces.
libvirtd_itself() { pgrep -P "$libvirtd_pid" || echo "$libvirtd_pid"; }
hang_libvirtd() { kill -STOP "$(libvirtd_itself)"; }
wake_libvirtd() { kill -CONT "$(libvirtd_itself)"; }

api() { # METHOD PATH [JSON]
	local type=application/json
	[ "$1" != PATCH ] || type=application/merge-patch+json
	curl -sf -m 10 "${curl_options[@]}" -A test -X "$1" -H "Content-Type: $type" \
		${3:+-d "$3"} "$api$2"
}
curl_options=()

fault() { api POST /fake/faults "$1" >/dev/null; }
no_faults() { api DELETE /fake/faults >/dev/null; }

api_seen=0
api_mark() { api_seen=$(api GET /fake/requests | jq .total); }
api_writes() {
	api GET /fake/requests | jq -r --argjson seen "$api_seen" \
		'(.total - $seen) as $new | (.requests | length) as $shown |
			.requests[([$shown - $new, 0] | max):][] |
			select(.method != "GET" and (.path | startswith("/fake") | not)) |
			"\(.method) \(.path)"'
}

pool_is() { # NAME RANGE...
	local name=$1
	shift
	api GET "$pools/$name" | answers '.spec.addresses == $ARGS.positional' --args "$@"
}

# Until the file is gone; by one process, so that the machine's time to start programs is
# not the daemon's, and less what a mere sleep before it was late. Each question is a
# connection of its own.
watch_status() { # FILE
	perl -MIO::Socket::UNIX -e '
		my ($file, $path) = @ARGV;
		my ($slowest, $late) = (0, 0);
		sub now { # to 10 ms
			open(my $uptime, "<", "/proc/uptime");
			return 1000 * (split(" ", <$uptime>))[0];
		}
		while (-e $file) {
			my $begun = now();
			my $s = IO::Socket::UNIX->new(Peer => $path) or print("failed\n"), exit;
			print $s "{\"method\":\"io.homek8s.Manager.GetStatus\"}\0";
			$s->flush;
			my $answer = do { local $/ = "\0"; <$s> } // "";
			$answer =~ /"verdict"/ or print("failed\n"), exit;
			my $took = now() - $begun - $late;
			$slowest = $took if $took > $slowest;
			$begun = now();
			select(undef, undef, undef, 0.05);
			$late = now() - $begun - 50;
		}
		printf("%d\n", $slowest);' "$1" "$HOMEK8S_SOCKET"
}

finish() {
	[ -z "${daemon_pid:-}" ] || stop
	check 'no sanitizer has complained' \
		'! grep -hE "Sanitizer|runtime error:" "$log" "$work/api.out" >&2'
	summary
}
