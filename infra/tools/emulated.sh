#!/usr/bin/env bash
# Runs a Python module on an emulated processor of 2013 (Haswell: AVX2, no AVX-512, no VNNI): other kernels of onnxruntime
# and BLAS compute there. Debian's qemu-user-static or qemu-user has the emulator; without it nothing is run, and said so.
set -euo pipefail
cd "$(dirname "$0")/../.."
emulator=$(command -v qemu-x86_64-static || command -v qemu-x86_64 || true)
if [ "$(uname -m)" != x86_64 ] || [ -z "$emulator" ]; then
  echo "not run without AVX-512: there is no qemu-x86_64 here (Debian: qemu-user-static)" >&2
  exit 0
fi
# numpy's own AVX2 sorting crashes in QEMU 7.2; what is tried here is onnxruntime's product.
export NPY_DISABLE_CPU_FEATURES="X86_V3"
export OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1 PYTHONPATH=services:.
"$emulator" -cpu Haswell .venv/bin/python -m "$@" 2> >(grep -v "TCG doesn't support" >&2)
