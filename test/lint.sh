#!/usr/bin/env bash
# lint.sh: format, forbidden functions, the direction of includes, scripts and man pages.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bad=0

complain() {
	printf '%s\n' "$1"
	printf '%s\n' "$2" | head -20
	bad=1
}

c_files=$(git ls-files '*.c' '*.h')

# shellcheck disable=SC2086 # a list of our own file names
out=$(clang-format --dry-run -Werror $c_files 2>&1) || complain 'lint: not formatted (clang-format -i):' "$out"

out=$(git grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|system|popen|alloca|strncpy)\(' \
	-- 'lib/*.[ch]' 'daemon/*.[ch]') && complain 'lint: functions this project does without:' "$out"

out=$(git grep -nE '\b(TODO|FIXME|XXX)\b' -- lib daemon units conf README.md) &&
	complain 'lint: left open:' "$out"

# The glossary: one word for one thing. What is not said, and what is said in its place:
# event, schedule (bell, heart, hearing); report, known (tell, told); read (look at), resync
# (full look, survey, sight); observed (seen), desired (wanted), requested (asked); delivered
# (heard); queue, source (lane); approval, budget (consent, brake); state (memo); owned, foreign
# (of ours, somebody's); paused (hands off). "Asked" is a word of manuals and tests as of any
# text; keys of old state files are what they were.
words='hearts?|heart_[a-z]+|bells?|hearing|hearing_[a-z]+|lanes?|sight|farewell|consents?|brakes?'
words="$words|memos?|hands off|of ours|somebody's|surveys?|surveyed|seen|[a-z]+_seen|tells?|telling"
words="$words|told|told_[a-z]+|[a-z]+_told|look at|looks at|looked at|looking at|full looks?|[a-z]+_look"
does_without() { # WORDS PATHS...
	local found
	found=$(git grep -niwE "$1" -- "${@:2}" ':!test/lint.sh' | grep -v '\.old_key = ') &&
		complain 'lint: words the glossary does without:' "$found"
}
does_without "$words|asked|heard|hears?" 'lib/*.[ch]' 'daemon/*.[ch]'
does_without "$words" README.md conf units 'daemon/*.[0-9]' 'test/*.[ch]' 'test/*.def' 'test/*.py' \
	'test/*.sh' 'test/*.txt'
does_without wanted 'lib/*.[ch]' 'test/*.[ch]' 'test/*.py' 'test/*.sh'

# No kind is known by name outside its folder and the tables.
kinds=$(sed -nE 's/^KIND\((.*)\)$/\1/p' lib/kind/kinds.def | paste -sd '|')
out=$(git grep -nwE "($kinds)_kind" -- lib/model lib/state lib/plan lib/view daemon/engine \
	daemon/control daemon/journal daemon/host) && complain 'lint: a kind known by name:' "$out"

# Who may include what: each folder of lib/ only those before it; lib/ no library that acts;
# each library that acts only in its adapter; homek8sctl only lib/.
may_include() { # FOLDER ALLOWED-REGEX
	local found
	found=$(git grep -nE '#include "' -- "$1/*.[ch]" | grep -vE "#include \"($2)(/|\")") &&
		complain "lint: $1 may include only $2:" "$found"
}
may_include lib/base 'lib/base'
may_include lib/doc 'lib/(base|doc)'
may_include lib/model 'lib/(base|doc|model)'
may_include lib/state 'lib/(base|doc|model|state)'
may_include lib/plan 'lib/(base|doc|model|state|plan)'
may_include lib/kind 'lib/(base|doc|model|state|plan|kind)'
may_include lib/lint 'lib/(base|doc|model|kind|lint)'
may_include lib/view 'lib/(base|doc|wire|model|state|plan|view|kind/sources\.def)'
may_include lib/wire 'lib/(base|doc|wire)'
may_include daemon/homek8sctl '(lib/[a-z]+|daemon/homek8sctl)'

# Within these folders includes go one way too; in daemon/ the order stands at the head of the
# main file. A part is a .c file and its header.
no_circle() { # FOLDER
	local found
	found=$(git grep -nE "#include \"$1/" -- "$1/*.[ch]" |
		sed -E "s#^$1/([^.]*)\.[^\"]*\"$1/([^.]*)\.h\"#\1 \2#" | awk '$1 != $2' | tsort 2>&1 >/dev/null) ||
		complain "lint: $1: parts include each other in a circle:" "$found"
}
no_circle lib/view
no_circle daemon/control
no_circle daemon/homek8sctl
no_circle daemon/virt

only_in() { # LIBRARY-REGEX FOLDER-REGEX
	local found
	found=$(git grep -nE "#include <($1)" -- 'lib/*.[ch]' 'daemon/*.[ch]' | grep -vE "^($2)") &&
		complain "lint: <$1> belongs to $2 only:" "$found"
}
only_in 'libvirt/' 'daemon/virt/'
only_in 'curl/' 'daemon/kube/'
only_in 'systemd/' 'daemon/(homek8sd\.c|journal/|control/|host/logind\.c)'
only_in 'ev\.h' 'daemon/'
only_in 'yaml\.h' 'lib/doc/'
only_in 'libxml/' 'lib/doc/|lib/kind/'

out=$(git ls-files '*.c' '*.h' | xargs grep -L 'SPDX-License-Identifier: MIT') &&
	[ -n "$out" ] && complain 'lint: no licence line:' "$out"

# What the top level holds is given; test runs leave nothing there.
out=$(git ls-files | cut -d/ -f1 | sort -u | grep -vxE \
	'\.ci|\.clang-format|\.gitignore|LICENSE|Makefile|README\.md|conf|daemon|lib|test|units') &&
	complain 'lint: not of the top level:' "$out"

# check.sh runs them as programs.
out=$(git ls-files -s 'test/daemon/test_*' 'test/frame/test_*.py' 'test/real/test_*.sh' \
	'test/fake/*.py' 'test/sim/*.sh' | grep -v '^100755') &&
	complain 'lint: not executable:' "$out"

out=$(git ls-files '*.sh' .ci/run | xargs shellcheck -x 2>&1) || complain 'lint: shellcheck:' "$out"

# Python: it parses, no line is over 100 columns, nothing is imported for nothing.
out=$(git ls-files '*.py' | python3 -c '
import ast, sys
for path in sys.stdin.read().split():
    text = open(path, encoding="utf-8").read()
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > 100:
            print(f"{path}:{number}: {len(line)} columns")
    tree = ast.parse(text, path)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in node.names:
                if (name.asname or name.name).partition(".")[0] not in used:
                    print(f"{path}:{node.lineno}: {name.name} is imported for nothing")
' 2>&1)
[ -z "$out" ] || complain 'lint: Python:' "$out"

if command -v mandoc >/dev/null; then
	for page in $(git ls-files '*.[1578]'); do
		out=$(mandoc -T lint -W warning "$page" 2>&1) || complain "lint: $page:" "$out"
	done
fi

[ $bad = 0 ] && echo 'lint: clean'
exit $bad
