# SPDX-License-Identifier: Apache-2.0
# What shells are made of: pipelines, redirections, subshells, traps, here-documents, job control, globbing, expansions.
set -u
seq 1000 | grep 7 | wc -l
(echo out; echo err >&2) 2>&1 | sort
cat <<HERE | tr a-z A-Z
here $((6 * 7)) documents
HERE
trap 'echo trapped' USR1
kill -USR1 $$
( trap 'echo leaving' EXIT; exit 3 ); echo "status $?"
set -m
sleep 0.2 & wait $!; echo "job $?"
{ sh -c 'kill -9 $$'; } 2>/dev/null; echo "killed $?"
set +m
diff <(seq 3) <(seq 4); echo "diff $?"
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"; kill $COPROC_PID; wait $COPROC_PID 2>/dev/null
d=$(mktemp -d); cd "$d" || exit 1
for i in 1 2 3; do echo "line $i" > "f$i"; done
cat f* > all; wc -l < all; ls; ls *[23]
exec 5<all; read -r a <&5; read -r b <&5; echo "$a, $b"; exec 5<&-
mkfifo p; (echo fifo > p &) ; cat p
ln -s all link; readlink link; cat link | head -1; [ link -ef all ] && echo same
echo "${BASH_VERSION%%.*}" $'tab\there' "${d##*/}" | cut -c1-6
timeout 0.2 sleep 5; echo "timeout $?"
ulimit -n 64; ulimit -n
cat /nonexistent; echo "status $?"
cd /; rm -rf "$d"; [ -e "$d" ] || echo gone
exit 5
