# A terminal session with jobs, and a program with sockets, locks, timers and shared memory beside it, again and again until SIGUSR1.
# Each round must say what the first one said, which is before anybody was told that it has started.
here=$1
cd /tmp || exit 1
export LC_ALL=C HISTFILE= PS1='> '
over=
trap 'over=1' USR1

round() {
    rm -f fifo result
    script -qec 'bash --norc --noprofile -i' /dev/null <"$here/session.commands" >transcript 2>&1
    echo "session $?" >>result
    perl "$here/session.pl" >>result 2>&1
    echo "program $?" >>result
}

round
cp result first
grep -q 'session 0' first && grep -q 'program 0' first || { cat first transcript; echo 'failed: the first round'; exit 1; }
echo started
rounds=1
while [ -z "$over" ]; do
    round
    rounds=$((rounds + 1))
    cmp -s result first || { diff first result; cat transcript; echo "failed: round $rounds"; exit 1; }
done
echo "ok: $rounds rounds"
