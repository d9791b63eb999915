# SPDX-License-Identifier: Apache-2.0
# Debian's static busybox.
busybox sh -c 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo $i; done | busybox awk "{s+=\$1} END {print s}"'
busybox sh -c 'echo a b c | busybox sed "s/b/x/" | busybox tr x y; busybox true && busybox false || echo ok'
busybox sh -c 'for f in /etc/passwd /etc/group; do busybox md5sum $f; done'
busybox find /etc/apt -type f | busybox sort
busybox sh -c 'cd /tmp && mkdir bb && cd bb && echo 1 > a && busybox cp a b && busybox mv b c && busybox ls -1 && cd .. && busybox rm -r bb'
busybox sh -c 'exit 9'; echo $?
