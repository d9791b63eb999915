# SPDX-License-Identifier: Apache-2.0
# Debian's coreutils, grep, sed, awk, perl, python3, gcc, tar, find.
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
ls -lR /usr/share/doc | sort | md5sum
find /usr/share/perl5 -type f | sort | xargs md5sum | md5sum
grep -c root /etc/passwd; sed -n 1p /etc/passwd; awk -F: '{print $7}' /etc/passwd | sort | uniq -c
perl -e 'my %h; $h{$_ % 7}++ for 1..1000; print join(",", map {"$_=$h{$_}"} sort keys %h), "\n"; print `echo from perl`;'
/usr/bin/python3 -c '
import subprocess, threading, json, os, hashlib, tempfile
print(json.dumps({"a": [1, 2, {"b": None}]}))
print(subprocess.run(["echo", "hello"], capture_output=True, text=True).stdout, end="")
p = subprocess.Popen("cat; exit 4", shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(p.communicate(b"to and fro"), p.returncode)
total = []
lock = threading.Lock()
def work(n):
    with lock: total.append(n * n)
ts = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sum(total), hashlib.sha256(b"x" * 100000).hexdigest())
with tempfile.TemporaryDirectory() as d:
    open(d + "/f", "w").write("data"); os.rename(d + "/f", d + "/g"); print(os.listdir(d), os.stat(d + "/g").st_size)
'
w=$(mktemp -d); cd "$w" || exit 1
printf '#include <stdio.h>\n#include <math.h>\nint main(int c, char **v){printf("%%s %%.3f\\n", c > 1 ? v[1] : "none", sqrt(2));return c;}\n' > t.c
gcc -O2 -o t t.c -lm && ./t compiled; echo "status $?"
mkdir tree && cp -r /usr/share/perl5/Debconf tree/ 2>/dev/null; tar -cf t.tar tree && mkdir out && tar -C out -xf t.tar && diff -r tree out/tree && tar -tf t.tar | sort | md5sum
dd if=/dev/zero bs=64k count=32 2>/dev/null | md5sum
head -c 300000 /etc/ssl/certs/ca-certificates.crt 2>/dev/null | gzip -9 | gunzip | md5sum
seq 20000 | sort -rn | uniq -c | tail -1
cd /; rm -rf "$w"
stat -c '%n %F %a %s' /etc/passwd /dev/null /etc
id; date -u -d @0 +%F; printenv LC_ALL
