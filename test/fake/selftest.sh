#!/bin/bash
# SPDX-License-Identifier: MIT
# Proves the fake API server's main semantics with plain curl.
# FAKE=path/to/fake-apiserver picks the program; the default is the one make builds.
set -u
cd "$(dirname "$0")/../.." || exit 1
FAKE=${FAKE:-build/fake-apiserver}
DIR=$(mktemp -d)
PID=
PASSED=0
FAILED=0
STARTED=0
ENDED=0
NL=$'\n'

# Ends the server, which must exit with 0 and have said nothing on stderr.
stop_server() {
	[ -n "$PID" ] || return
	kill "$PID" 2>/dev/null
	if wait "$PID" 2>/dev/null && [ ! -s "$DIR/err" ]; then
		ENDED=$((ENDED + 1))
	else
		cat "$DIR/err"
	fi
	PID=
}
trap 'stop_server; rm -rf "$DIR"' EXIT

# start_server OPTION... sets PID and URL.
start_server() {
	stop_server
	: >"$DIR/out"
	"$FAKE" --listen 127.0.0.1:0 "$@" >"$DIR/out" 2>"$DIR/err" &
	PID=$!
	STARTED=$((STARTED + 1))
	for _ in $(seq 100); do
		grep -q . "$DIR/out" && break
		sleep 0.05
	done
	URL=$(sed 's/listening on //' "$DIR/out")
	POOLS=$URL/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools
	CONFIGMAPS=$URL/api/v1/namespaces/default/configmaps
}

report() { # WHAT VERDICT DETAIL
	if [ "$2" = yes ]; then
		PASSED=$((PASSED + 1))
		echo "ok $((PASSED + FAILED)) - $1"
	else
		FAILED=$((FAILED + 1))
		echo "not ok $((PASSED + FAILED)) - $1"
		echo "# ${3:0:600}"
	fi
}

has() { # WHAT TEXT PART...: every part is in the text
	local what=$1 text=$2 verdict=yes part
	shift 2
	for part; do
		[[ $text == *"$part"* ]] || { verdict=no; text="lacks $part in: $text"; break; }
	done
	report "$what" $verdict "$text"
}

lacks() { # WHAT TEXT PART: the part is not in the text
	if [[ $2 == *"$3"* ]]; then report "$1" no "$2"; else report "$1" yes; fi
}

same() { # WHAT A B
	if [ "$2" = "$3" ]; then report "$1" yes; else report "$1" no "$2 / $3"; fi
}

# The code comes last on a line of its own. Who does not call himself curl gets compact JSON.
get() { curl -s -m 10 -A selftest/1 -w "${NL}HTTP %{http_code} %{content_type}" "$@"; }
send() { # METHOD TYPE URL BODY
	get -X "$1" -H "Content-Type: $2" "$3" -d "$4"
}
apply() { send PATCH application/apply-patch+yaml "$1" "$2"; }
merge() { send PATCH application/merge-patch+json "$1" "$2"; }
post() { send POST application/json "$1" "$2"; }
put() { send PUT application/json "$1" "$2"; }
fault() { post "$URL/fake/faults" "$1" >/dev/null; }
heal() { get -X DELETE "$URL/fake/faults" >/dev/null; }
watch() { curl -s -N -m "$1" -A selftest/1 "$2"; }

# The first value of a string field: field NAME TEXT
field() { grep -o "\"$1\":\"[^\"]*\"" <<<"$2" | head -1 | cut -d'"' -f4; }
now_rv() { get "$URL/fake/state" | grep -o '"resourceVersion":[0-9]*' | grep -o '[0-9]*$'; }

pool() { # NAME ADDRESSES [LABELS]
	echo "{\"apiVersion\":\"metallb.io/v1beta1\",\"kind\":\"IPAddressPool\",\"metadata\":{\"name\":\"$1\",\"namespace\":\"metallb-system\",\"labels\":{${3:-}}},\"spec\":{\"addresses\":[$2]}}"
}
configmap() { # NAME DATA [METADATA]
	echo "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"$1\"${3:-}},\"data\":{$2}}"
}

test_discovery() {
	local v2='application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
	has "version" "$(get "$URL/version")" '"gitVersion":"v1.29.0"' '"minor":"29"' 'HTTP 200'
	same "readyz" "$(get "$URL/readyz")" "ok${NL}HTTP 200 text/plain; charset=utf-8"
	has "readyz, verbose" "$(get "$URL/readyz?verbose")" '[+]ping ok' 'readyz check passed'
	has "classic groups" "$(get "$URL/apis")" APIGroupList '"metallb.io"' '"coordination.k8s.io"'
	has "classic resources" "$(get "$URL/api/v1")" APIResourceList '"nodes/status"'
	has "groups, v2" "$(get -H "Accept: $v2" "$URL/apis")" APIGroupDiscoveryList \
		'"responseKind"' "HTTP 200 $v2"
	same "no such path" "$(get "$URL/apis/none.io/v1/things")" \
		"404 page not found${NL}${NL}HTTP 404 text/plain; charset=utf-8"
	has "people get pretty JSON" "$(curl -s "$URL/version")" "{$NL  \"major\""
}

test_seed() {
	local nodes
	nodes=$(get "$URL/api/v1/nodes")
	has "three nodes" "$nodes" '"name":"control-plane"' '"name":"worker-1"' '"name":"worker-2"' \
		'192.168.122.12' '"kubeletVersion":"v1.29.0"' 'node-role.kubernetes.io/control-plane' \
		'"systemUUID"' '"kind":"NodeList"'
	has "the ingress Service has its address" \
		"$(get "$URL/api/v1/namespaces/ingress-nginx/services/ingress-nginx-controller")" \
		'"ip":"192.168.122.100"' '"type":"LoadBalancer"'
	has "label selector" "$(get "$URL/api/v1/nodes?labelSelector=kubernetes.io/hostname%3Dworker-1")" \
		'"name":"worker-1"'
	lacks "label selector leaves out" \
		"$(get "$URL/api/v1/nodes?labelSelector=kubernetes.io/hostname%3Dworker-1")" \
		'"name":"worker-2"'
	lacks "field selector" "$(get "$URL/api/v1/nodes?fieldSelector=metadata.name%3Dworker-2")" \
		'"name":"worker-1"'
}

test_crud() {
	local out rv
	out=$(get "$POOLS/none")
	has "get of nothing: 404" "$out" 'HTTP 404 application/json' '"reason":"NotFound"' \
		'"message":"ipaddresspools.metallb.io \"none\" not found"' \
		'"details":{"name":"none","group":"metallb.io","kind":"ipaddresspools"},"code":404'
	out=$(post "$CONFIGMAPS" "$(configmap cm '"a":"1"')")
	has "create: 201, update manager" "$out" 'HTTP 201' '"manager":"selftest","operation":"Update"' \
		'"f:data":{".":{},"f:a":{}}'
	rv=$(field resourceVersion "$out")
	has "create again: 409" "$(post "$CONFIGMAPS" "$(configmap cm '')")" 'HTTP 409' \
		'"reason":"AlreadyExists"' 'configmaps \"cm\" already exists'
	out=$(put "$CONFIGMAPS/cm" "$(configmap cm '"a":"2"' ",\"resourceVersion\":\"$rv\"")")
	has "update" "$out" 'HTTP 200' '"a":"2"'
	has "update of a stale version: 409" \
		"$(put "$CONFIGMAPS/cm" "$(configmap cm '"a":"3"' ",\"resourceVersion\":\"$rv\"")")" \
		'HTTP 409' '"reason":"Conflict"' 'Operation cannot be fulfilled on configmaps \"cm\"'
	rv=$(field resourceVersion "$out")
	out=$(merge "$CONFIGMAPS/cm" '{"data":{"a":"2"}}')
	same "a patch that changes nothing keeps the version" "$(field resourceVersion "$out")" "$rv"
	has "merge patch: null removes" "$(merge "$CONFIGMAPS/cm" '{"data":{"a":null,"b":"4"}}')" \
		'"data":{"b":"4"}'
	has "JSON patch" "$(send PATCH application/json-patch+json "$CONFIGMAPS/cm" \
		'[{"op":"add","path":"/data/x~1y","value":"5"}]')" '"x/y":"5"'
	has "unknown media type: 415" "$(send PATCH text/plain "$CONFIGMAPS/cm" '{}')" 'HTTP 415'
	has "dry run changes nothing" "$(merge "$CONFIGMAPS/cm?dryRun=All" '{"data":{"c":"6"}}'; \
		get "$CONFIGMAPS/cm")" '"c":"6"' '"data":{"b":"4","x/y":"5"}'
	has "delete with a wrong uid: 409" "$(send DELETE application/json "$CONFIGMAPS/cm" \
		'{"preconditions":{"uid":"other"}}')" 'HTTP 409' '"reason":"Conflict"' \
		'the UID in the precondition (other) does not match the UID in record'
	has "delete" "$(get -X DELETE "$CONFIGMAPS/cm")" 'HTTP 200' '"status":"Success"' \
		'"details":{"name":"cm","kind":"configmaps","uid":"'
	has "no such namespace: 404" \
		"$(post "$URL/api/v1/namespaces/nowhere/configmaps" "$(configmap cm '')")" \
		'HTTP 404' 'namespaces \"nowhere\" not found'
	out=$(merge "$URL/api/v1/nodes/worker-1/status" '{"spec":{"x":1},"status":{"phase":"Odd"}}')
	has "status subresource" "$out" '"phase":"Odd"' '"subresource":"status"'
	lacks "status subresource writes nothing else" "$out" '"x":1'
	lacks "the main resource writes no status" \
		"$(merge "$URL/api/v1/nodes/worker-1" '{"status":{"phase":"Even"}}')" Even
	has "a lease is renewed with its version" "$(test_lease)" 'HTTP 201' 'HTTP 200' 'HTTP 409'
}

test_lease() {
	local url=$URL/apis/coordination.k8s.io/v1/namespaces/kube-system/leases rv
	local lease='{"metadata":{"name":"l","resourceVersion":"RV"},"spec":{"holderIdentity":"WHO"}}'
	rv=$(post "$url" "${lease/RV/}" | tee "$DIR/lease" | grep -o '"resourceVersion":"[0-9]*"')
	cat "$DIR/lease"
	rv=$(grep -o '[0-9]*' <<<"$rv")
	lease=${lease/RV/$rv}
	put "$url/l" "${lease/WHO/one}"
	put "$url/l" "${lease/WHO/two}"
}

test_apply() {
	local lab out rv
	lab=$(pool lab '"192.168.122.160-192.168.122.170"' '"app.kubernetes.io/managed-by":"homek8sd"')
	out=$(apply "$POOLS/lab?fieldManager=homek8sd" "$lab")
	has "apply creates: 201" "$out" 'HTTP 201' '"generation":1' \
		'"fieldsV1":{"f:metadata":{"f:labels":{"f:app.kubernetes.io/managed-by":{}}},"f:spec":{"f:addresses":{}}}' \
		'"manager":"homek8sd","operation":"Apply","time":"' '"autoAssign":true' '"avoidBuggyIPs":false'
	rv=$(field resourceVersion "$out")
	out=$(apply "$POOLS/lab?fieldManager=homek8sd" "$lab")
	has "apply again: 200" "$out" 'HTTP 200'
	same "unchanged keeps the version" "$(field resourceVersion "$out")" "$rv"
	out=$(apply "$POOLS/lab?fieldManager=homek8sd&dryRun=All" "$lab")
	same "so does a dry run" "$(field resourceVersion "$out")" "$rv"
	out=$(merge "$POOLS/lab?fieldManager=someone" '{"spec":{"addresses":["192.168.122.161-192.168.122.170"]}}')
	has "a plain write takes the field" "$out" '"generation":2' \
		'"fieldsV1":{"f:spec":{"f:addresses":{}}},"manager":"someone","operation":"Update"'
	out=$(apply "$POOLS/lab?fieldManager=homek8sd" "$lab")
	has "conflict: 409" "$out" 'HTTP 409' '"reason":"Conflict"' \
		'"message":"Apply failed with 1 conflict: conflict with \"someone\" using metallb.io/v1beta1: .spec.addresses"' \
		'"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"someone\" using metallb.io/v1beta1","field":".spec.addresses"}]'
	out=$(apply "$POOLS/lab?fieldManager=homek8sd&force=true" "$lab")
	has "forced: the field comes back" "$out" 'HTTP 200' '"generation":3' '192.168.122.160'
	lacks "and the other manager is gone" "$out" someone
	out=$(apply "$POOLS/lab?fieldManager=homek8sd" "${lab/'/'/'\/'}")
	has "escaped slash: 400" "$out" 'HTTP 400' '"reason":"BadRequest"' \
		'"message":"error decoding YAML: error converting YAML to JSON: yaml: found unknown escape character"'
	out=$(apply "$POOLS/bad?fieldManager=homek8sd" "$(pool bad '' | sed 's/\[\]/"x"/')")
	has "wrong type: 500" "$out" 'HTTP 500' \
		'failed to create typed patch object (metallb-system/bad; metallb.io/v1beta1, Kind=IPAddressPool): .spec.addresses: expected list, got \u0026{x}"'
	has "no field manager: 422" "$(apply "$POOLS/lab" "$lab")" 'HTTP 422' '"reason":"Invalid"'
	has "force is for apply only: 422" "$(merge "$POOLS/lab?force=true" '{}')" 'HTTP 422'
	has "managedFields in the body: 400" "$(apply "$POOLS/lab?fieldManager=homek8sd" \
		"${lab/'"labels"'/'"managedFields":[],"labels"'}")" 'HTTP 400' 'managedFields must be nil'
	get -X DELETE "$POOLS/lab" >/dev/null
	test_apply_removal
	test_apply_shared
	test_yaml
}

test_apply_removal() {
	local url="$CONFIGMAPS/left?fieldManager=me" out
	apply "$url" "$(configmap left '"a":"1","b":"2"')" >/dev/null
	merge "$CONFIGMAPS/left?fieldManager=you" '{"data":{"c":"3"}}' >/dev/null
	out=$(apply "$url" "$(configmap left '"a":"1"')")
	has "what is left out goes, what others own stays" "$out" '"data":{"a":"1","c":"3"}'
	apply "$CONFIGMAPS/left?fieldManager=they" "$(configmap left '"a":"1"')" >/dev/null
	out=$(apply "$url" "$(configmap left '')")
	has "a co-owned field stays" "$out" '"a":"1"'
}

test_apply_shared() {
	local out
	apply "$CONFIGMAPS/two?fieldManager=one" "$(configmap two '"a":"1","b":"2"')" >/dev/null
	out=$(apply "$CONFIGMAPS/two?fieldManager=two" "$(configmap two '"a":"8","b":"9"')")
	has "two conflicts with an applier" "$out" 'HTTP 409' \
		'Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b' \
		'"field":".data.b"'
}

test_yaml() {
	local url="$CONFIGMAPS/yaml?fieldManager=me"
	has "a YAML body" "$(apply "$url" "apiVersion: v1${NL}kind: ConfigMap${NL}metadata: {name: yaml}${NL}data: {a: \"x\", b: '1'}")" \
		'HTTP 201' '"data":{"a":"x","b":"1"}'
	has "a key twice: 400" "$(apply "$url" "apiVersion: v1${NL}apiVersion: v1")" \
		'HTTP 400' 'line 2: key \"apiVersion\" already set in map'
}

test_lists() {
	local out token
	post "$URL/fake/fill" "{\"count\":25,\"object\":$(configmap page '"a":"1"')}" >/dev/null
	out=$(get "$CONFIGMAPS?limit=10&labelSelector=")
	token=$(field continue "$out")
	same "a page holds limit items" "$(grep -o '"kind":"ConfigMap"' <<<"$out" | wc -l)" 10
	has "and says how many are left" "$out" '"remainingItemCount":'
	get -X DELETE "$CONFIGMAPS/page-9" >/dev/null
	has "later pages show the first one's moment" \
		"$(get "$CONFIGMAPS?limit=100&continue=$token")" '"name":"page-9"' '"continue":""'
	has "continue with a resourceVersion: 400" \
		"$(get "$CONFIGMAPS?continue=$token&resourceVersion=5")" 'HTTP 400'
	out=$(get "$CONFIGMAPS?resourceVersion=99999999")
	has "a version ahead: 504" "$out" 'HTTP 504' '"reason":"Timeout"' \
		'"message":"Timeout: Too large resource version: 99999999, current: ' \
		'"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1'
	post "$URL/fake/compact" '' >/dev/null
	post "$CONFIGMAPS" "$(configmap later '')" >/dev/null
	out=$(get "$CONFIGMAPS?limit=10&continue=$token")
	post "$URL/fake/compact" '' >/dev/null
	out=$(get "$CONFIGMAPS?limit=10&continue=$token")
	has "an old token: 410 with a fresh one" "$out" 'HTTP 410' '"reason":"Expired"'
	token=$(field continue "$out")
	has "which works" "$(get "$CONFIGMAPS?limit=100&continue=$token")" 'HTTP 200' '"name":"page-8"'
	has "an exact version that is gone: 410" \
		"$(get "$CONFIGMAPS?resourceVersion=1&resourceVersionMatch=Exact")" 'HTTP 410'
	lacks "the cluster-wide list" "$(get "$URL/api/v1/configmaps")" '"items":[]'
}

test_watch() {
	local rv out
	rv=$(now_rv)
	watch 3 "$CONFIGMAPS?watch=true&resourceVersion=$rv&allowWatchBookmarks=true" >"$DIR/w" &
	sleep 0.3
	post "$CONFIGMAPS" "$(configmap w '')" >/dev/null
	merge "$CONFIGMAPS/w" '{"data":{"a":"1"}}' >/dev/null
	get -X DELETE "$CONFIGMAPS/w" >/dev/null
	wait $!
	has "added, modified, deleted, bookmark" "$(cut -c1-60 "$DIR/w" | tr '\n' ' ')" \
		'{"type":"ADDED","object":{' '{"type":"MODIFIED"' '{"type":"DELETED"' \
		'{"type":"BOOKMARK","object":{"apiVersion":"v1"'
	has "the deletion has its own version" "$(grep DELETED "$DIR/w")" \
		"\"resourceVersion\":\"$((rv + 3))\""
	out=$(watch 3 "$CONFIGMAPS?watch=true&resourceVersion=$rv&timeoutSeconds=1")
	same "history is replayed" "$(wc -l <<<"$out")" 3
	out=$(watch 3 "$URL/api/v1/nodes?watch=true&timeoutSeconds=1")
	same "without a version: what there is" "$(grep -c '"type":"ADDED"' <<<"$out")" 3
	out=$(watch 3 "$CONFIGMAPS?watch=1&resourceVersion=1")
	has "too old: ERROR in the stream" "$out" \
		'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (' \
		'"reason":"Expired","code":410}}'
	same "a version ahead: silence" \
		"$(watch 3 "$CONFIGMAPS?watch=1&resourceVersion=99999999&timeoutSeconds=1")" ""
	has "no streaming lists: 422" "$(get "$CONFIGMAPS?watch=1&sendInitialEvents=true")" 'HTTP 422'
	watch 2 "$URL/api/v1/nodes?watch=1&resourceVersion=$(now_rv)&labelSelector=x%3D1" >"$DIR/w" &
	sleep 0.3
	merge "$URL/api/v1/nodes/worker-2" '{"metadata":{"labels":{"x":"1"}}}' >/dev/null
	merge "$URL/api/v1/nodes/worker-2" '{"metadata":{"labels":{"x":null}}}' >/dev/null
	wait $!
	has "a selector turns changes into ADDED and DELETED" \
		"$(cut -c1-17 "$DIR/w" | tr '\n' ' ')" '"ADDED"' '"DELETED'
}

test_metallb() {
	local webhook='admission webhook \"ipaddresspoolvalidationwebhook.metallb.io\" denied the request: '
	local elsewhere=$URL/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools
	has "a pool" "$(post "$POOLS" "$(pool one '"10.0.0.0/24"')")" 'HTTP 201'
	has "bad range" "$(post "$POOLS" "$(pool two '"10.1.0.9-10.1.0.1"')")" 'HTTP 403' \
		"$webhook" '"reason":"Forbidden"'
	has "bare address" "$(post "$POOLS" "$(pool two '"10.1.0.9"')")" 'HTTP 403' 'invalid CIDR'
	has "overlap" "$(post "$POOLS" "$(pool two '"10.0.0.200-10.0.1.5"')")" 'HTTP 403' \
		'overlaps with already defined CIDR \"10.0.0.0/24\"'
	has "empty" "$(post "$POOLS" "$(pool two '')")" 'HTTP 403'
	has "elsewhere" "$(post "$elsewhere" "$(pool two '"10.2.0.0/24"' | sed s/metallb-system/default/)")" \
		'HTTP 403' 'must be created in metallb-system'
	has "no addresses: 422" "$(post "$POOLS" "$(pool two '' | sed 's/"addresses":\[\]//')")" \
		'HTTP 422' 'spec.addresses: Required value'
	has "unknown field: a warning" "$(get -i -H 'Content-Type: application/json' "$POOLS" -d \
		"$(pool two '"10.3.0.0/24"' | sed 's/"spec":{/&"odd":1,/')")" 'HTTP 201' \
		'Warning: 299 - "unknown field \"spec.odd\""'
	post "$URL/fake/groups" '{"metallb.io":false}' >/dev/null
	has "group out of service" "$(get "$POOLS")" '404 page not found'
	post "$URL/fake/groups" '{"metallb.io":true}' >/dev/null
}

test_faults() {
	local out
	fault '{"match":"GET /api/v1/nodes","do":"status","code":429,"body":"Too many requests","headers":{"Retry-After":"3"}}'
	out=$(get -i "$URL/api/v1/nodes")
	has "plain-text 429" "$out" 'HTTP 429 text/plain' 'Retry-After: 3' 'Too many requests'
	has "only once" "$(get "$URL/api/v1/nodes")" 'HTTP 200'
	fault '{"match":"/version","do":"reset"}'
	get "$URL/version" >/dev/null
	same "reset" $? 56
	fault '{"match":"/version","do":"close"}'
	get "$URL/version" >/dev/null
	same "close" $? 52
	fault '{"match":"/version","do":"stall","times":-1}'
	curl -s -m 1 "$URL/version" >/dev/null
	same "stall" $? 28
	heal
	fault '{"match":"/version","do":"trickle","ms":1}'
	has "trickle" "$(get "$URL/version")" 'v1.29.0' 'HTTP 200'
	fault '{"match":"/version","do":"garbage"}'
	lacks "garbage" "$(get "$URL/version")" '}'
	fault '{"match":"/version","do":"huge"}'
	same "huge" "$(($(get "$URL/version" | wc -c) > 5000000))" 1
	fault '{"match":"ipaddresspools","do":"webhook-down"}'
	has "reading needs no webhook" "$(get "$POOLS")" 'HTTP 200'
	has "writing does" "$(post "$POOLS" "$(pool x '"10.9.0.0/24"')")" 'HTTP 500' \
		'failed calling webhook' '"reason":"InternalError"'
	fault '{"match":"watch=1","do":"error-event","code":500,"reason":"InternalError"}'
	has "error event" "$(watch 3 "$CONFIGMAPS?watch=1")" '"type":"ERROR"' '"code":500'
	test_watch_faults
}

test_watch_faults() {
	local rv
	rv=$(now_rv)
	watch 5 "$CONFIGMAPS?watch=1&resourceVersion=$rv&timeoutSeconds=3" >"$DIR/w" &
	sleep 0.3
	fault '{"match":"configmaps","do":"silence"}'
	post "$CONFIGMAPS" "$(configmap quiet '')" >/dev/null
	sleep 0.3
	same "silence on an open watch" "$(wc -c <"$DIR/w")" 0
	heal
	sleep 0.3
	has "healed: what was missed comes" "$(cat "$DIR/w")" '"name":"quiet"'
	fault '{"match":"configmaps","do":"garbage"}'
	sleep 0.2
	has "garbage in a watch" "$(tail -1 "$DIR/w")" '"kind":]'
	fault '{"match":"configmaps","do":"end-watch"}'
	wait $!
	same "end of an open watch" $? 0
	fault '{"match":"configmaps","do":"split"}'
	has "split" "$(watch 3 "$CONFIGMAPS?watch=1&resourceVersion=$rv&timeoutSeconds=1")" \
		'"name":"quiet"'
	watch 5 "$CONFIGMAPS?watch=1" >/dev/null &
	sleep 0.3
	has "drop" "$(post "$URL/fake/drop" '')" '"dropped":1'
	wait $!
	same "a dropped watch fails" $? 18
}

test_control() {
	local rv out
	post "$URL/fake/requests/clear" '' >/dev/null
	merge "$CONFIGMAPS/quiet" '{"data":{"a":"1"}}' >/dev/null
	get "$CONFIGMAPS/quiet" >/dev/null
	out=$(get "$URL/fake/requests?match=PATCH")
	has "requests are counted" "$out" '"total":2' '"count":1' '"PATCH":1' '"time_monotonic_us":' \
		'"method":"PATCH"' '/configmaps/quiet"' '"bytes":18'
	rv=$(now_rv)
	post "$CONFIGMAPS" "$(configmap younger '')" >/dev/null
	get -X DELETE "$CONFIGMAPS/quiet" >/dev/null
	has "rollback" "$(post "$URL/fake/rollback" "{\"resourceVersion\":$rv}")" \
		"\"resourceVersion\":$rv"
	has "what was deleted is back" "$(get "$CONFIGMAPS/quiet")" 'HTTP 200' '"a":"1"'
	has "what was made is gone" "$(get "$CONFIGMAPS/younger")" 'HTTP 404'
	rv=$(now_rv)
	post "$URL/fake/storm" '{"resource":"configmaps","count":200,"per_second":2000}' >/dev/null
	sleep 0.4
	same "a storm makes its changes" "$(now_rv)" $((rv + 200))
	has "and stamps them" "$(get "$CONFIGMAPS")" '"fake/storm":"199"' '"fake/changed-us":"'
}

test_state() {
	local rv
	start_server --state "$DIR/state" --seed home
	post "$CONFIGMAPS" "$(configmap kept '"a":"1"')" >/dev/null
	rv=$(now_rv)
	kill -9 "$PID"
	wait "$PID" 2>/dev/null
	PID=
	STARTED=$((STARTED - 1))
	start_server --state "$DIR/state" --seed home
	has "objects outlive a kill" "$(get "$CONFIGMAPS/kept")" '"a":"1"'
	same "and so does the version" "$(now_rv)" "$rv"
	printf '{"rv":999999,"resource":"configm' >>"$DIR/state"
	start_server --state "$DIR/state"
	same "a torn line is left out" "$(now_rv)" "$rv"
	start_server --no-metallb
	lacks "without MetalLB: no pools" "$(get "$URL/apis")" metallb
}

test_access() {
	start_server --token secret
	has "no token: 401" "$(get "$URL/api/v1/nodes")" 'HTTP 401' \
		'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}'
	has "the token" "$(get -H 'Authorization: Bearer secret' "$URL/api/v1/nodes")" 'HTTP 200'
	configmap loaded '"a":"1"' >"$DIR/load.json"
	start_server --load "$DIR/load.json" --history 3
	has "loaded from a file" "$(get "$CONFIGMAPS/loaded")" 'HTTP 200'
	has "what nobody is on record for is in conflict" \
		"$(apply "$CONFIGMAPS/loaded?fieldManager=me" "$(configmap loaded '"a":"2"')")" \
		'HTTP 409' 'conflict with \"before-first-apply\" using v1: .data.a'
	test_window
	command -v openssl >/dev/null || return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=fake -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>/dev/null
	start_server --tls-cert "$DIR/cert.pem" --tls-key "$DIR/key.pem" --client-ca "$DIR/cert.pem"
	has "https, no certificate: 401" "$(get --cacert "$DIR/cert.pem" "$URL/api/v1/nodes")" 'HTTP 401'
	has "https with a client certificate" "$(get --cacert "$DIR/cert.pem" \
		--cert "$DIR/cert.pem" --key "$DIR/key.pem" "$URL/api/v1/nodes")" 'HTTP 200'
}

test_window() {
	local rv
	rv=$(now_rv)
	for i in 1 2 3 4; do
		merge "$CONFIGMAPS/loaded" "{\"data\":{\"a\":\"x$i\"}}" >/dev/null
	done
	has "out of the window" "$(watch 3 "$CONFIGMAPS?watch=1&resourceVersion=$rv")" Expired
	same "at its edge" "$(watch 3 \
		"$CONFIGMAPS?watch=1&timeoutSeconds=1&resourceVersion=$((rv + 1))" | wc -l)" 3
}

start_server --seed home --bookmark-interval 1
test_discovery
test_seed
test_crud
test_apply
test_lists
test_watch
test_metallb
test_faults
test_control
test_state
test_access
stop_server
same "every server ended cleanly" $ENDED $STARTED
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
