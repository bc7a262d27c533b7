#!/bin/sh
# SPDX-License-Identifier: MIT
# kubeconfig.sh [--server=URL] [--context=NAME] [--metallb=NAMESPACE] >kubeconfig
#
# Makes a service account for homek8sd with the least it can work with (cluster-role.yaml and
# service-account.yaml, beside this file), and prints a kubeconfig for it. Runs wherever kubectl
# works as an administrator; $KUBECTL names another one: KUBECTL="k3s kubectl".
#
#   --server=URL     how the host reaches the API server, where that is not what kubectl uses
#   --context=NAME   a context of kubectl's other than the current one
#   --metallb=NAMESPACE   where MetalLB is, if not in metallb-system
set -eu
here=$(cd "$(dirname "$0")" && pwd)
server='' context='' metallb=metallb-system

say() { echo "kubeconfig.sh: $*" >&2; }

for argument; do
	case $argument in
	--server=*) server=${argument#*=} ;;
	--context=*) context=${argument#*=} ;;
	--metallb=*) metallb=${argument#*=} ;;
	*)
		sed -n '3,11s/^# \{0,1\}//p' "$0" >&2
		exit 2
		;;
	esac
done

# shellcheck disable=SC2086 # a command and its first words
k() { ${KUBECTL:-kubectl} ${context:+"--context=$context"} "$@"; }

of_cluster() { k config view --minify --flatten -o "jsonpath={.clusters[0].cluster.$1}"; }

if ! k get namespace "$metallb" >/dev/null; then
	say "there is no namespace $metallb: install MetalLB first, or say where it is with"
	say '--metallb=NAMESPACE'
	exit 1
fi
for file in cluster-role service-account; do
	sed "s/^  namespace: metallb-system$/  namespace: $metallb/" "$here/$file.yaml"
	echo ---
done | k apply -f - >&2

# The cluster puts the token into the Secret a moment later.
token=
for _ in $(seq 30); do
	token=$(k -n homek8sd get secret homek8sd-token -o 'jsonpath={.data.token}' | base64 -d)
	[ -z "$token" ] || break
	sleep 1
done
if [ -z "$token" ]; then
	say 'the cluster put no token into Secret homek8sd-token within 30 s'
	exit 1
fi

[ -n "$server" ] || server=$(of_cluster server)
case $server in
*//127.*|*//localhost*|*//\[::1\]*)
	say "$server is the machine that this runs on: if homek8sd runs on another one, use"
	say '--server=https://ADDRESS:6443 with the address of the control plane'
	;;
esac

cat <<-END
	apiVersion: v1
	kind: Config
	current-context: homek8sd
	contexts:
	- name: homek8sd
	  context: {cluster: home, user: homek8sd}
	clusters:
	- name: home
	  cluster:
	    server: $server
	    certificate-authority-data: $(of_cluster certificate-authority-data)
	users:
	- name: homek8sd
	  user:
	    token: $token
END
