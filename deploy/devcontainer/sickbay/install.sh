#!/usr/bin/env bash
# Installs Sickbay into an environment of its own when the dev container is built. The options arrive as PACKAGE, SERVEOPTIONS, AUTOSTART.
set -euo pipefail

PREFIX=${PREFIX:-/usr/local}
HOME_OF_SICKBAY="$PREFIX/share/sickbay"
if [ -z "${PACKAGE:-}" ]; then
  echo "Set the option \"package\" to the address of a wheel of Sickbay, or to another package that pip accepts" >&2
  exit 1
fi
if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
  echo "Sickbay needs Python 3.11 or newer with venv. Add the feature ghcr.io/devcontainers/features/python" >&2
  exit 1
fi
mkdir -p "$HOME_OF_SICKBAY" "$PREFIX/bin"
python3 -m venv "$HOME_OF_SICKBAY/venv"
"$HOME_OF_SICKBAY/venv/bin/python" -m pip --disable-pip-version-check install --quiet "$PACKAGE"
ln -sf "$HOME_OF_SICKBAY/venv/bin/sickbay" "$PREFIX/bin/sickbay"

cat > "$HOME_OF_SICKBAY/start" << EOF
#!/bin/sh
# Starts Sickbay in the background, then runs the command of the container.
if [ "${AUTOSTART:-true}" = true ]; then
  setsid nohup "$PREFIX/bin/sickbay" serve --port "\${SICKBAY_PORT:-7425}" ${SERVEOPTIONS:-} > "\${TMPDIR:-/tmp}/sickbay.log" 2>&1 &
  echo \$! > "\${TMPDIR:-/tmp}/sickbay.pid"
fi
exec "\$@"
EOF
chmod 755 "$HOME_OF_SICKBAY/start"
