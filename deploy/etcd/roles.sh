#!/bin/sh
# Gives the replicas of a shared log two users of etcd with least rights. It can be run again: it sets the passwords anew.
#
#   ETCDCTL_ENDPOINTS=https://10.0.0.1:2379 ./roles.sh NAME LEAD_PASSWORD_FILE EDGE_PASSWORD_FILE
#
# NAME is `shared.name` of the replicas. The user `silkrate-lead-NAME` is for replicas that may lead: it reads and writes the keys
# of that log. The user `silkrate-edge-NAME` is for followers: it reads them, and writes what each replica says of itself; it cannot
# append, take the lead, or end the lead of another. Neither sees another log. etcdctl takes its certificates and its user from its
# own variables. etcd obeys roles once they are enabled:
#
#   etcdctl user add root && etcdctl user grant-role root root && etcdctl auth enable
set -eu

if [ $# -ne 3 ]; then
    echo "usage: roles.sh NAME LEAD_PASSWORD_FILE EDGE_PASSWORD_FILE" >&2
    exit 64
fi
name=$1
prefix=/silkrate/$name/
export ETCDCTL_API=3

# Without an answer etcdctl would wait for ever.
if ! said=$(timeout 10 etcdctl role list 2>&1); then
    echo "roles.sh: etcd at ${ETCDCTL_ENDPOINTS:-http://127.0.0.1:2379} does not list its roles: set ETCDCTL_ENDPOINTS, for https also" \
        "ETCDCTL_CACERT, ETCDCTL_CERT and ETCDCTL_KEY, and once users are enabled ETCDCTL_USER" >&2
    echo "${said:-it gave no answer within ten seconds}" >&2
    exit 69
fi

# user ROLE PASSWORD_FILE: a role and a user of the same name.
user() {
    case $(head -n 1 "$2") in
    "" | *[[:space:]]*)
        # etcdctl reads a password up to the first blank.
        echo "roles.sh: the first line of $2 is no password: it is empty, or has a blank" >&2
        exit 1
        ;;
    esac
    etcdctl role get "$1" >/dev/null 2>&1 || etcdctl role add "$1"
    if etcdctl user get "$1" >/dev/null 2>&1; then
        head -n 1 "$2" | etcdctl user passwd --interactive=false "$1"
    else
        head -n 1 "$2" | etcdctl user add --interactive=false "$1"
    fi
    etcdctl user grant-role "$1" "$1"
}

user "silkrate-lead-$name" "$2"
etcdctl role grant-permission --prefix=true "silkrate-lead-$name" readwrite "$prefix"

user "silkrate-edge-$name" "$3"
etcdctl role grant-permission --prefix=true "silkrate-edge-$name" read "$prefix"
etcdctl role grant-permission --prefix=true "silkrate-edge-$name" readwrite "${prefix}nodes/"
