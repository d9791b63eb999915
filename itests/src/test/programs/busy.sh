#!/bin/sh
# A virtual machine, a database and a build, for ever: what a sandbox may be in the middle of. $1 is the folder of a JDK; says "started".
cd /tmp || exit 1
cat > Busy.java <<'END'
public class Busy {
    public static void main(String[] words) throws Exception {
        for (int i = 0; i < 4; i++) {
            Thread.ofPlatform().start(() -> {
                for (long n = 0; ; n++) {
                    if (new byte[(int) (n % 100_000)].length < 0 || String.valueOf(n).isEmpty()) throw new AssertionError();
                }
            });
        }
        System.out.println("machine");
        Thread.sleep(Long.MAX_VALUE);
    }
}
END
cat > busy.c <<'END'
#include <stdio.h>
int main(void) { return puts("build") < 0; }
END
mkfifo told
"$1/bin/java" -Xshare:auto -XX:TieredStopAtLevel=1 Busy.java > told &
if command -v python3 > /dev/null; then
    python3 -c '
import sqlite3
base = sqlite3.connect("base")
base.execute("create table t (a integer primary key, b text)")
while True:
    with base: base.executemany("insert into t (b) values (?)", [("x" * 100,)] * 100)
    assert base.execute("select count(*) from t").fetchone()[0] % 100 == 0
' &
fi
(while gcc -O1 -o busy busy.c && ./busy > /dev/null; do :; done; echo "the build failed") &
read -r line < told
[ "$line" = machine ] && echo started
wait
