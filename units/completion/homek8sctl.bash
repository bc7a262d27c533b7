# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Bash completion for homek8sctl. What verbs, options and keys there are is asked of the program;
# what objects there are is asked of the daemon, which gets 200 ms to answer.

_homek8sctl_asks_daemon() { # COMMAND...
	timeout 0.2 "$@" 2>/dev/null
}

# Prints the words that may stand where the help text says WHAT; NAME: of what is of KIND.
_homek8sctl_words() { # CTL WHAT CURRENT SOCKET KIND
	local ctl=$1 what=$2 cur=$3 names
	case $what in
	VERB) "$ctl" help -o name ;;
	NAME)
		_homek8sctl_asks_daemon "$ctl" ${4:+--socket="$4"} list -o name -- "$5" | cut -d/ -f2- ;;
	[a-z]*/NAME)
		_homek8sctl_asks_daemon "$ctl" ${4:+--socket="$4"} list -o name -- "${what%/*}" ;;
	KIND/NAME | KIND)
		names=$(_homek8sctl_asks_daemon "$ctl" ${4:+--socket="$4"} list -o name)
		if [[ $what == KIND ]]; then names=$(cut -d/ -f1 <<<"$names" | sort -u); fi
		if [[ $cur == */*/* ]]; then # the full names
			names=$(_homek8sctl_asks_daemon "$ctl" ${4:+--socket="$4"} list -o json |
				sed -n 's/^ *"key": *"\([^"]*\)".*/\1/p')
		fi
		echo "$names" ;;
	PATH)
		local above=
		[[ $cur != *.* ]] || above=${cur%.*}.
		"$ctl" explain ${above:+"${above%.}"} 2>/dev/null |
			awk -v above="$above" '/^[^ ].*:$/ { keys = 1 } keys && /^  [a-z]/ { print above $1 }' ;;
	METHOD)
		_homek8sctl_asks_daemon "$ctl" ${4:+--socket="$4"} call -o json \
			org.varlink.service.GetInterfaceDescription \
			'{"interface":"io.homek8s.Manager"}' |
			grep -o 'method [A-Za-z]*' | sed 's/^method /io.homek8s.Manager./' ;;
	FORMAT) echo table wide json yaml name ;;
	WHEN) echo auto always never ;;
	esac
}

_homek8sctl() {
	local ctl=$1 cur=${COMP_WORDS[COMP_CWORD]} verb='' first='' before='' socket='' i word help what=''
	local count=0 options takes written=
	takes=" -o $("$ctl" help 2>/dev/null | sed -n 's/.*\(--[a-z-]*\)=.*/\1/p' | tr '\n' ' ')"

	# `--output=js` is one word to homek8sctl and three here, where = breaks words.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == = ]]; then
			continue
		elif [[ $takes == *" ${before:-none} "* ]]; then
			if [[ $before == --socket ]]; then socket=$word; fi
			before=
			continue
		elif [[ $word == --*=* ]]; then
			if [[ $word == --socket=* ]]; then socket=${word#*=}; fi
		elif [[ $word != -* && -z $verb ]]; then
			verb=$word
		elif [[ $word != -* ]]; then
			((count++)) || first=$word
		fi
		before=$word
	done
	if [[ $cur == = ]]; then
		cur=
	elif [[ $cur == --*=* ]]; then
		before=${cur%%=*}
	fi

	COMPREPLY=()
	help=$("$ctl" help ${verb:+"$verb"} 2>/dev/null)
	if [[ $takes == *" ${before:-none} "* ]]; then
		[[ $before != -o ]] || before=--output
		what=$(sed -n "s/.* $before=\([A-Z]*\).*/\1/p" <<<"$help")
		if [[ $before == --for && $verb == wait ]]; then
			mapfile -t COMPREPLY < <(compgen -W "converged ready" -- "$cur")
			compopt -o nospace
			what=KIND/NAME
		elif [[ $before == --socket || $before == --config-dir || $before == --root ]]; then
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "${cur#--*=}")
			return
		fi
	elif [[ $cur == -* ]]; then
		options=$(grep -oE -- '(^|[ ,])--?[a-z-]+=?' <<<"$help" | tr -d ' ,')
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
		return
	elif [[ -z $verb ]]; then
		what=VERB
	elif [[ $verb == validate ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	else
		what=$(head -1 <<<"$help" | sed -n 's/^homek8sctl [a-z]* \[\{0,1\}\([A-Za-z/]*\).*/\1/p')
		if ((count > 1)) || [[ $count == 1 && ($first == */* || ! $what =~ ^KIND|/NAME$) ]]; then
			what=
		elif ((count == 1)); then # KIND NAME
			what=NAME
		fi
	fi
	if [[ $what == PATH ]]; then compopt -o nospace; fi
	if [[ $cur == --*=* ]]; then written=${cur%%=*}= cur=${cur#*=}; fi
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen ${written:+-P "$written"} \
		-W "$(_homek8sctl_words "$ctl" "$what" "$cur" "$socket" "$first")" -- "$cur")
}
complete -F _homek8sctl homek8sctl
