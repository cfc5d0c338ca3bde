#!/usr/bin/env bash
# Build a stand-in for public.ecr.aws/lambda/python:3.13-x86_64 without any container registry.
#
# Ingredients: a handful of Debian .debs unpacked without their maintainer scripts (glibc, bash, coreutils, OpenSSL,
# ...), this machine's CPython copied to /var/lang, and awslambdaric + boto3 from PyPI. `docker import` makes one layer
# of it, tagged as `sam local` looks for it. sam adds its runtime interface emulator itself, on top, as
# samcli/lambda-python:3.13-x86_64-<hash>; those copies are dropped here whenever the base changes.
#
# Idempotent: the image carries the hash of its recipe as a label; same hash, and nothing is done. FORCE=1 rebuilds.
# Env: PYTHON_PREFIX (of the python3.13 on the PATH)  AWSLAMBDARIC (4.2.2)  BOTO3 (1.44.5)
#      STANDIN_CACHE (/var/cache/lambda-standin)  STANDIN_REPO (public.ecr.aws/lambda/python)
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PYTHON_PREFIX=${PYTHON_PREFIX:-$(python3.13 -c 'import sys; print(sys.base_prefix)')}
AWSLAMBDARIC=${AWSLAMBDARIC:-4.2.2}
BOTO3=${BOTO3:-1.44.5}
CACHE=${STANDIN_CACHE:-/var/cache/lambda-standin}
REPO=${STANDIN_REPO:-public.ecr.aws/lambda/python}
LABEL=local.lambda-standin.recipe
VERSIONS=(3.13)
DEBS=(base-files libc6 libc-bin bash dash coreutils grep sed
      libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 libtinfo6 libgcc-s1 libstdc++6 gcc-12-base
      libssl3 zlib1g libffi8 libbz2-1.0 liblzma5 libsqlite3-0 libreadline8 libncursesw6 libuuid1
      ca-certificates netbase)
[ -z "${WITH_TZDATA:-}" ] || DEBS+=(tzdata)
say() { echo "[lambda-image] $*"; }
die() { say "ERROR: $*"; exit 1; }

[ "$(uname -m)" = x86_64 ] || die "only x86_64 is handled"
"$HERE/start_dockerd.sh"

fetch_debs() {  # the .debs of $DEBS into $CACHE/debs, newest candidate; nothing is installed on the machine
  local d=$CACHE/debs want
  mkdir -p "$d"
  want=$(printf '%s\n' "${DEBS[@]}" | sort | sha256sum | cut -c1-16)
  if [ "$(cat "$d/.complete" 2>/dev/null)" = "$want" ]; then return; fi
  rm -f "$d"/*.deb "$d/.complete"
  # APT::Sandbox::User=root: else apt warns that its _apt user cannot write into the cache folder
  ( cd "$d" && apt-get download -q -o APT::Sandbox::User=root "${DEBS[@]}" >/tmp/lambda-image-apt.log 2>&1 ) || {
    say "apt-get download failed, once more after apt-get update"
    apt-get update -q >/dev/null 2>&1 || true
    ( cd "$d" && apt-get download -q -o APT::Sandbox::User=root "${DEBS[@]}" >/tmp/lambda-image-apt.log 2>&1 ) \
      || { tail -5 /tmp/lambda-image-apt.log; die "apt-get download"; }
  }
  echo "$want" >"$d/.complete"
}

make_root() {  # $1 = root folder
  local r=$1 deb f
  # merged /usr, as Debian 12 has it: the links first, tar keeps them
  mkdir -p "$r"/usr/{bin,sbin,lib,lib64}
  for f in bin sbin lib lib64; do ln -s "usr/$f" "$r/$f"; done
  for deb in "$CACHE"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$r" \
      --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' \
      --exclude='./usr/share/info' --exclude='./usr/share/lintian' --exclude='./usr/share/doc-base' \
      --exclude='./usr/lib/x86_64-linux-gnu/gconv' --exclude='./usr/share/menu'
  done
  [ -e "$r/bin/sh" ] || ln -s dash "$r/usr/bin/sh"
  # what the maintainer scripts would have made
  mkdir -p "$r"/{etc/ssl/certs,tmp,var/tmp,root,proc,sys,dev,run,opt,var/task,var/runtime,var/rapid,var/lang}
  chmod 1777 "$r/tmp" "$r/var/tmp"
  find "$r/usr/share/ca-certificates" -name '*.crt' -print0 | sort -z | xargs -0 cat >"$r/etc/ssl/certs/ca-certificates.crt"
  mkdir -p "$r/usr/lib/ssl" "$r/etc/pki/tls/certs"     # OpenSSL's default folder in Debian; where Amazon Linux keeps it
  ln -s /etc/ssl/certs/ca-certificates.crt "$r/usr/lib/ssl/cert.pem"; ln -s /etc/ssl/certs "$r/usr/lib/ssl/certs"
  ln -s /etc/ssl/certs/ca-certificates.crt "$r/etc/pki/tls/certs/ca-bundle.crt"
  printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nsbx_user1051:x:993:990::/home/sbx_user1051:/usr/sbin/nologin\n' >"$r/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\nsbx_user1051:x:990:\n' >"$r/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n' >"$r/etc/nsswitch.conf"
  ln -sf /usr/share/zoneinfo/UTC "$r/etc/localtime"
}

add_python() {  # $1 = root folder, $2 = X.Y, $3 = prefix of CPython
  local r=$1 v=$2 p=$3 site=$1/var/lang/lib/python$2/site-packages
  tar -C "$p" -c \
    --exclude='./share' --exclude='./include' --exclude='./lib/pkgconfig' --exclude='*.a' \
    --exclude="./lib/python$v/config-*" --exclude="./lib/python$v/test" --exclude="./lib/python$v/idlelib" \
    --exclude="./lib/python$v/tkinter" --exclude="./lib/python$v/turtledemo" --exclude="./lib/python$v/turtle.py" \
    --exclude="./lib/python$v/lib2to3" --exclude="./lib/python$v/ensurepip" \
    --exclude="./lib/python$v/lib-dynload/_tkinter*" --exclude="./lib/python$v/lib-dynload/_test*" \
    --exclude="./lib/python$v/lib-dynload/xxlimited*" --exclude="./lib/python$v/lib-dynload/_ctypes_test*" \
    --exclude="./lib/python$v/site-packages/*" --exclude='*.opt-1.pyc' --exclude='*.opt-2.pyc' \
    ./lib | tar -x -C "$r/var/lang"
  mkdir -p "$r/var/lang/bin" "$site"
  cp -p "$p/bin/python$v" "$r/var/lang/bin/python$v"
  ln -s "python$v" "$r/var/lang/bin/python3"; ln -s "python$v" "$r/var/lang/bin/python"
  # what Lambda's own runtime carries: the runtime interface client and an SDK
  # (PYTHONDONTWRITEBYTECODE is often set: unset, or the image is without .pyc files and starts slowly)
  env -u PYTHONDONTWRITEBYTECODE -u PYTHONPATH "$p/bin/python$v" -m pip install -q --disable-pip-version-check \
    --no-warn-script-location --root-user-action=ignore --only-binary=:all: --no-compile --target "$site" \
    "awslambdaric==$AWSLAMBDARIC" "boto3==$BOTO3" >/tmp/lambda-image-pip.log 2>&1 \
    || { tail -20 /tmp/lambda-image-pip.log; die "pip install"; }
  rm -rf "$site/bin"
  if command -v strip >/dev/null 2>&1; then       # debug symbols: 31 MB -> 6 MB for libpython alone
    find "$r/var/lang" \( -name '*.so' -o -name '*.so.*' -o -path "*/bin/python$v" \) -type f -print0 \
      | xargs -0 -r strip --strip-unneeded 2>/dev/null || true
  fi
  env -u PYTHONDONTWRITEBYTECODE "$p/bin/python$v" -m compileall -q -j 0 -s "$r" -p / "$r/var/lang/lib/python$v" >/dev/null || true
  # the interpreter's RUNPATH points elsewhere: let the loader find libpython under /var/lang on its own
  echo /var/lang/lib >"$r/etc/ld.so.conf.d/00-var-lang.conf"
  ldconfig -r "$r"

  cat >"$r/var/runtime/bootstrap" <<'SH'
#!/bin/bash
# Started by aws-lambda-rie. Stand-in for Lambda's own /var/runtime/bootstrap.
: "${AWS_EXECUTION_ENV:=AWS_Lambda_pythonPYVER}"; export AWS_EXECUTION_ENV
if [ -z "${AWS_LAMBDA_EXEC_WRAPPER:-}" ]; then
  exec /var/lang/bin/pythonPYVER /var/runtime/bootstrap.py
fi
[ -x "$AWS_LAMBDA_EXEC_WRAPPER" ] || { echo "$AWS_LAMBDA_EXEC_WRAPPER: does not exist or is not an executable" >&2; exit 127; }
exec -- "$AWS_LAMBDA_EXEC_WRAPPER" /var/lang/bin/pythonPYVER /var/runtime/bootstrap.py
SH
  sed -i "s/pythonPYVER/python$v/g" "$r/var/runtime/bootstrap"
  cat >"$r/var/runtime/bootstrap.py" <<'PY'
# Search order as documented for Lambda: the function's own code, then layers, then the runtime's packages.
import os
import site
import sys

root = os.environ.setdefault("LAMBDA_TASK_ROOT", "/var/task")
opt = ["/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"]
sys.path[:] = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
if "PYTHONPATH" not in os.environ:
    sys.path[:0] = opt
    for d in opt:
        site.addsitedir(d)
    os.environ["PYTHONPATH"] = os.environ.setdefault("LAMBDA_RUNTIME_DIR", "/var/runtime")
sys.path.insert(0, root)
site.addsitedir(root)

from awslambdaric.__main__ import main  # noqa: E402  (only after sys.path is right)

main(["bootstrap", os.environ["_HANDLER"]])  # unlike bootstrap.run, the same in awslambdaric 2, 3 and 4
PY
  cat >"$r/lambda-entrypoint.sh" <<'SH'
#!/bin/bash
# For PackageType: Image and for `docker run IMAGE app.handler` (with the emulator mounted or sam's -rapid- image).
if [ $# -ne 1 ]; then echo "entrypoint requires the handler name to be the first argument" >&2; exit 142; fi
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API:-}" ]; then
  for rie in /usr/local/bin/aws-lambda-rie /var/rapid/aws-lambda-rie; do
    [ -x $rie ] && exec $rie /var/runtime/bootstrap "$1"
  done
  echo "aws-lambda-rie not found" >&2; exit 1
fi
exec /var/runtime/bootstrap
SH
  chmod 755 "$r/var/runtime/bootstrap" "$r/lambda-entrypoint.sh"
}

SELFTEST='
import http.server, json, os, subprocess
open("/var/task/t.py", "w").write("def handler(e, c):\n    return {\"got\": e, \"id\": c.aws_request_id}\n")
answer = []
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{\"n\": 1}"
        self.send_response(200)
        for k, v in {"Lambda-Runtime-Aws-Request-Id": "r1", "Lambda-Runtime-Deadline-Ms": "9999999999999",
                     "Lambda-Runtime-Invoked-Function-Arn": "arn:x", "Content-Type": "application/json",
                     "Content-Length": str(len(body))}.items():
            self.send_header(k, v)
        self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        answer.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(202); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), Api)
p = subprocess.Popen(["/var/runtime/bootstrap"], env=dict(os.environ, _HANDLER="t.handler",
                     AWS_LAMBDA_RUNTIME_API="127.0.0.1:%d" % s.server_port))
s.timeout = 20
for _ in range(2):
    s.handle_request()
p.kill()
assert answer and answer[0][0].endswith("/r1/response"), answer
assert json.loads(answer[0][1]) == {"got": {"n": 1}, "id": "r1"}, answer
print("[lambda-image] in the container: one invocation through /var/runtime/bootstrap: ok")
'

for v in "${VERSIONS[@]}"; do
  start=$SECONDS
  p=$PYTHON_PREFIX
  [ -x "$p/bin/python$v" ] || die "no CPython $v in $p"
  recipe=$( { cat "${BASH_SOURCE[0]}"; echo "$v $(basename "$p") $AWSLAMBDARIC $BOTO3 ${DEBS[*]}"; } | sha256sum | cut -c1-16)
  tag=$REPO:$v-x86_64
  if [ -z "${FORCE:-}" ] && [ "$(docker image inspect -f "{{index .Config.Labels \"$LABEL\"}}" "$tag" 2>/dev/null)" = "$recipe" ]; then
    say "$tag is up to date (recipe $recipe, $(docker image inspect -f '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1/1e6}'))"
    continue
  fi
  fetch_debs
  work=$(mktemp -d /tmp/lambda-standin.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  make_root "$work/root"
  add_python "$work/root" "$v" "$p"
  tar -C "$work/root" --numeric-owner --owner=0 --group=0 -c . | docker import \
    --change 'ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin' \
    --change 'ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib' \
    --change 'ENV LAMBDA_TASK_ROOT=/var/task' --change 'ENV LAMBDA_RUNTIME_DIR=/var/runtime' \
    --change 'ENV LANG=C.UTF-8' --change 'ENV TZ=UTC' \
    --change 'WORKDIR /var/task' --change 'ENTRYPOINT ["/lambda-entrypoint.sh"]' \
    --change "LABEL $LABEL=$recipe" - "$tag" >/dev/null
  docker tag "$tag" "$REPO:$v"
  rm -rf "$work"; trap - EXIT
  # sam's own images on top of the old base
  docker images --format '{{.Repository}}:{{.Tag}}' \
    | { grep -E "^($REPO:$v-rapid-|samcli/lambda-python:$v-)" || true; } | xargs -r docker rmi -f >/dev/null || true
  # the old base and what was built on it, untagged now: children inherit the label, so nothing else is touched
  docker image prune -f --filter "label=$LABEL" >/dev/null
  # does it work? every extension module of the standard library, TLS roots, the runtime interface client
  docker run --rm --network none --entrypoint /var/lang/bin/python3 "$tag" -c '
import bz2, ctypes, curses, decimal, hashlib, lzma, readline, select, socket, sqlite3, ssl, sys, uuid, zlib
assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 50
assert sys.prefix == "/var/lang", sys.prefix
import awslambdaric.bootstrap, runtime_client, boto3
print("[lambda-image] in the container: python", sys.version.split()[0], "| awslambdaric + boto3", boto3.__version__, "|", ssl.OPENSSL_VERSION)'
  # one invocation through /var/runtime/bootstrap, against a runtime API of 20 lines (sam's emulator is not needed)
  docker run --rm --network none --entrypoint /var/lang/bin/python3 "$tag" -c "$SELFTEST" || die "self-test of $tag"
  docker run --rm --network none --entrypoint /bin/sh "$tag" -c 'touch /tmp/a && mv /tmp/a /tmp/b && chmod +x /tmp/b && cp -rf /tmp/b /opt/ && rm -rf /tmp/b'
  say "$tag built in $((SECONDS - start)) s, $(docker image inspect -f '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1/1e6}')"
done
