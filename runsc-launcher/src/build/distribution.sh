#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the distribution from what Maven has put together in target/: a Java runtime, the jars, AOT caches of the three JVMs.
# usage: distribution.sh JAVA_HOME MODULE_FOLDER VERSION
set -eu
java_home=$1
module=$2
version=$3
home=$module/target/runsc
jars=$module/target/jars
work=$module/target/distribution
# All files get one date: an AOT cache knows the dates of its jars, and the archive is to be the same each time.
date=2026-01-01T00:00:00Z

# What a role's class path takes beside its own libraries.
common="sentry-api assembler host-ffm"
runsc_jars="runsc-launcher gson $common"
gofer_jars="gofer p9-unix $common"
# The service component runtime first: the bundles after it need it.
framework_jars="org.apache.felix.framework"
runtime_bundles="org.osgi.util.function org.osgi.util.promise org.osgi.service.component org.apache.felix.scr"
first_bundles="sentry-api assembler host-ffm"

runtime() {
    # jlink takes seconds: not for each build.
    if ! cmp -s "$java_home/release" "$work/release"; then
        rm -rf "$home/lib/runtime"
    fi
    if [ ! -x "$home/lib/runtime/bin/java" ]; then
        mkdir -p "$home/lib" "$work"
        "$java_home/bin/jlink" --output "$home/lib/runtime" --strip-debug --no-header-files --no-man-pages \
            --add-modules java.base,java.logging,java.management,java.xml,jdk.jfr,jdk.management,jdk.unsupported
        # For runs without an AOT cache; its flags are those of conf/*.options.
        "$home/lib/runtime/bin/java" -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -Xshare:dump -Xlog:disable
        cp "$java_home/release" "$work/release"
    fi
}

copy_jars() {
    rm -rf "$home/bundles" "$home/bin" "$home/conf" "$home/lib/scratch" "$home"/lib/*.jar "$home"/lib/*.aot
    mkdir -p "$home/bundles" "$home/bin" "$home/conf" "$home/lib/scratch"
    for jar in "$jars"/bundles/*.jar; do
        cp "$jar" "$home/bundles/"
    done
    for jar in "$jars"/lib/*.jar; do
        cp "$jar" "$home/lib/"
    done
    for jar in runsc-launcher gofer; do
        [ ! -f "$home/bundles/$jar.jar" ] || mv "$home/bundles/$jar.jar" "$home/lib/"
    done
    cp "$module/target/runsc-launcher-$version.jar" "$home/lib/runsc-launcher.jar"
    find "$home/bundles" "$home/lib" -maxdepth 1 -name '*.jar' -exec touch -d "$date" {} +
}

# The files of these names, relative to the distribution, one a line.
files() {
    for name in "$@"; do
        if [ -f "$home/bundles/$name.jar" ]; then
            echo "bundles/$name.jar"
        elif [ -f "$home/lib/$name.jar" ]; then
            echo "lib/$name.jar"
        else
            echo "distribution.sh: no jar $name" >&2
            exit 1
        fi
    done
}

class_paths() {
    others=$(cd "$home/bundles" && ls | sed 's/\.jar$//' | grep -v -x -e sentry-api -e assembler -e host-ffm)
    boot="$runtime_bundles $first_bundles $others"
    files $runsc_jars > "$home/lib/runsc.classpath"
    files $gofer_jars > "$home/lib/gofer.classpath"
    files runsc-launcher $framework_jars $boot | grep -v host-jnr > "$home/lib/sentry.classpath"
    files $boot | sed "s|^|$home/|" > "$work/boot"
    "$home/lib/runtime/bin/java" -cp "$(joined runsc)" org.jvisor.launcher.boot.BundleIndex "$home/lib/bundles.index" \
        $(cat "$work/boot")
}

# A role's class path as java takes it.
joined() {
    sed "s|^|$home/|" "$home/lib/$1.classpath" | tr '\n' ':' | sed 's/:$//'
}

# What the compiler does not know: see BundleRules.
rules() {
    rules="$java_home/bin/java -XX:TieredStopAtLevel=1 -cp $module/../build-rules/target/classes org.jvisor.rules.BundleRules"
    $rules wiring $(cat "$work/boot")
    $rules locks "$home"/bundles/*.jar "$home/lib/runsc-launcher.jar"
    $rules threads "$home"/bundles/*.jar
    $rules native "$home"/bundles/*.jar "$home/lib/runsc-launcher.jar" "$home/lib/gofer.jar"
}

launcher() {
    classpath=$(sed 's|^|$home/|' "$home/lib/runsc.classpath" | tr '\n' ':' | sed 's/:$//')
    sed "s|{classpath}|$classpath|" "$module/src/main/dist/bin/runsc" > "$home/bin/runsc"
    chmod 755 "$home/bin/runsc"
    for file in "$module"/src/main/dist/conf/*; do
        sed "s|{version}|$version|" "$file" > "$home/conf/${file##*/}"
    done
}

# The options of a role as they are in its file, for the command line.
options() {
    grep -v '^#' "$home/conf/$1.options" | sed "s|{home}|$home|"
}

# A run of the whole is recorded, then each role's cache made of it. A sandbox cannot start everywhere (in some containers no
# process may be traced): then there is less in the caches, which costs time at each start and nothing else.
caches() {
    rm -rf "$work/conf" "$work/state"
    cp -r "$home/conf" "$work/conf"
    printf '%s\n' -Djvisor.rehearsal=true -XX:AOTMode=record "-XX:AOTConfiguration=$work/sentry.aotconf" >> "$work/conf/sentry.options"
    rm -f "$work"/*.aotconf
    java=$home/lib/runtime/bin/java
    "$java" $(options runsc) "-Djvisor.home=$home" "-Djvisor.conf=$work/conf" -Djvisor.orderly=true \
        -XX:AOTMode=record "-XX:AOTConfiguration=$work/runsc.aotconf" -Xlog:disable -Xlog:all=error:stderr \
        -cp "$(joined runsc)" org.jvisor.launcher.Main --root "$work/state" \
        do sh -c 'for i in 1 2 3; do ls / | wc -l; /bin/true; done' < /dev/null > "$work/record.log" 2>&1 \
        || echo "distribution.sh: the run for the AOT caches ended with status $?: $(tail -n 1 "$work/record.log")" >&2
    "$java" $(options gofer) -XX:AOTMode=record "-XX:AOTConfiguration=$work/gofer.aotconf" -Xlog:disable -Xlog:all=error:stderr \
        -cp "$(joined gofer)" org.jvisor.gofer.Rehearsal / < /dev/null > "$work/rehearsal.log" 2>&1 \
        || echo "distribution.sh: the gofer's run for its AOT cache ended with status $?" >&2
    for role in runsc sentry gofer; do
        [ ! -f "$work/$role.aotconf" ] || "$java" $(options "$role") -XX:AOTMode=create "-XX:AOTConfiguration=$work/$role.aotconf" \
            "-XX:AOTCache=$home/lib/$role.aot" -Xlog:disable -Xlog:all=error:stderr -cp "$(joined "$role")" &
    done
    wait
}

archive() {
    tar -C "$module/target" --sort=name --mtime="$date" --owner=0 --group=0 --numeric-owner -cf - runsc | gzip -n -1 \
        > "$module/target/runsc-$version.tar.gz"
}

runtime
copy_jars
class_paths
rules
launcher
caches
archive
