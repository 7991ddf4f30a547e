#!/usr/bin/env bash
# Generates code from the contract for Node, Go, Java and C#, and reads rates with it from a running service.
#
#     tests/clients/stubs/run.sh PROGRAM URL_OF_GRPC URL_OF_WEB
#
# PROGRAM is silkrate, whose digits are compared. The compilers, generators and libraries are packages of Debian, which are
# installed where they are missing; those for Node come from npm.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,/^set/{/^#/p}' "$0"; exit 64; }
program=$(realpath "$1") grpc=$2 web=$3
stubs=$(cd "$(dirname "$0")" && pwd)
cd "$stubs/../../.."
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

packages=(
    protobuf-compiler
    golang-go protoc-gen-go-1-5 protoc-gen-go-grpc
    golang-google-grpc-dev golang-google-protobuf-dev golang-github-golang-protobuf-1-5-dev
    default-jdk-headless protobuf-compiler-grpc-java-plugin
    libgrpc-java libprotobuf-java libnetty-java libperfmark-java libguava-java libgeronimo-annotation-1.3-spec-java
)
if ! command -v apt-get >/dev/null; then
    echo "SKIPPED: there is no apt-get to install the compilers and libraries of Go, Java and C#"
    exit 0
fi
dpkg --status "${packages[@]}" >/dev/null 2>&1 || {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$built/apt.log" 2>&1 || {
        cat "$built/apt.log"
        exit 1
    }
}

generate() { protoc -I proto silkrate/v1/rates.proto "$@"; }

# compare NAME COMMAND…: whether the client prints the digits of silkrate itself.
compare() {
    printf '%-16s' "$1"
    python3 "$stubs/compare.py" "$program" "$grpc" "${@:2}"
}

cp -r "$stubs/node" "$built"
npm ci --prefix "$built/node" --no-audit --no-fund --ignore-scripts --silent
generate --es_out="$built/node" --es_opt=target=js \
    --plugin=protoc-gen-es="$built/node/node_modules/.bin/protoc-gen-es"
compare "Node, gRPC" node "$built/node/read_rates.mjs" grpc "$grpc"
compare "Node, gRPC-Web" node "$built/node/read_rates.mjs" grpc-web "$web"

mkdir -p "$built/go/src/read_rates"
generate --go_out="$built/go/src" --go-grpc_out="$built/go/src"
cp "$stubs/go/read_rates.go" "$built/go/src/read_rates"
GO111MODULE=off GOPATH="$built/go:/usr/share/gocode" go build -o "$built/read_rates" read_rates
compare "Go, gRPC" "$built/read_rates" "${grpc#http://}"

mkdir -p "$built/java/generated" "$built/java/classes"
generate --java_out="$built/java/generated" --grpc-java_out="$built/java/generated" \
    --plugin=protoc-gen-grpc-java="$(command -v grpc_java_plugin)"
jars=/usr/share/java
libraries=("$jars"/grpc-{api,context,core,netty,protobuf,protobuf-lite,stub}.jar "$jars"/{protobuf,guava,perfmark-api}.jar
    "$jars"/netty-{buffer,codec,codec-http,codec-http2,codec-socks,common,handler,handler-proxy,resolver}.jar
    "$jars"/netty-transport{,-native-unix-common}.jar "$jars/geronimo-annotation-1.3-spec.jar")
path=$(IFS=: && echo "${libraries[*]}")
find "$built/java/generated" -name '*.java' >"$built/java/files"
javac -nowarn -d "$built/java/classes" -cp "$path" "@$built/java/files" "$stubs/java/ReadRates.java"
compare "Java, gRPC" java -cp "$built/java/classes:$path" ReadRates "${grpc#http://}"

mkdir "$built/csharp"
generate --csharp_out="$built/csharp"
grep -q '^namespace Silkrate.V1 {' "$built/csharp/Rates.cs"
echo "C#              messages generated, no call: Debian has no library of gRPC for it"
