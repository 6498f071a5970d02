#!/usr/bin/env bash
# The gate as the GitHub Action runs it. Its inputs come as COSTTAGS_* variables, empty where not given; outputs go to
# $GITHUB_OUTPUT. It never fails by itself: the Action's last step does, after the reports are uploaded.
set -uo pipefail

arguments=("${COSTTAGS_IN_DIRECTORY:-.}")
add() { if [ -n "$2" ]; then arguments+=("$1" "$2"); fi; }
add --stack "${COSTTAGS_IN_STACK:-}"
add --schema "${COSTTAGS_IN_SCHEMA:-}"
add --policy-config "${COSTTAGS_IN_POLICY_CONFIG:-}"
add --answers "${COSTTAGS_IN_ANSWERS:-}"
add --engine "${COSTTAGS_IN_ENGINE:-}"

reports="${RUNNER_TEMP:-/tmp}/costtags"
mkdir -p "$reports"
rm -f "$reports"/costtags.*
costtags preview "${arguments[@]}" \
  --format github \
  --format "sarif=$reports/costtags.sarif" \
  --format "markdown=$reports/costtags.md" \
  --format "json=$reports/costtags.json"
code=$?

if [ -f "$reports/costtags.md" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  cat "$reports/costtags.md" >> "$GITHUB_STEP_SUMMARY"
fi
case $code in
  0) verdict=passed ;;
  1) verdict=blocked ;;
  *) verdict=failed ;;
esac
{
  echo "code=$code"
  echo "verdict=$verdict"
  echo "reports=$reports"
  if [ -f "$reports/costtags.sarif" ]; then echo "sarif=$reports/costtags.sarif"; fi
} >> "${GITHUB_OUTPUT:-/dev/null}"
exit 0
