// SPDX-License-Identifier: Apache-2.0
// mount(2) and umount2(2) in a mount namespace of its own: who stands in a mount, or has a file of it open, keeps it.
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "/tmp/mountsXXXXXX", buffer[4096];

static void make(const char *name, const char *content) {
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0 && write(fd, content, strlen(content)) == (long)strlen(content) && close(fd) == 0);
}

static int holds(const char *name, const char *content) {
    int fd = open(name, O_RDONLY), n = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
    close(fd);
    return n == (int)strlen(content) && memcmp(buffer, content, n) == 0;
}

// A mount that is taken out of the tree lazily works on for who stands in it.
static void standing(void) {
    int status;
    CHECK(mkdir("a", 0755) == 0 && mount("none", "a", "tmpfs", 0, "mode=755") == 0);
    make("a/f", "content");
    CHECK(chdir("a") == 0);
    CHECK_ERRNO(umount2("../a", 0), EBUSY);
    CHECK(umount2("../a", MNT_DETACH) == 0);
    CHECK(holds("f", "content"));
    make("g", "more");
    CHECK(mkdir("d", 0755) == 0 && rename("f", "d/f") == 0 && holds("d/f", "content"));
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        CHECK(holds("g", "more") && chdir("d") == 0 && holds("f", "content"));
        make("h", "last");
        CHECK(chdir(folder) == 0 && access("a/f", F_OK) == -1);
        _exit(0);
    }
    CHECK(chdir(folder) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);

    // The root of a process keeps its file system as its working directory does.
    CHECK(mount("none", "a", "tmpfs", 0, "mode=755") == 0);
    make("a/f", "inside");
    child = fork();
    if (child == 0) {
        CHECK(chroot("a") == 0);
        char ready = 1;
        int go[2], gone[2];
        CHECK(pipe(go) == 0 && pipe(gone) == 0);
        pid_t other = fork();
        if (other == 0) {
            CHECK(chdir("/") == 0 && read(go[0], &ready, 1) == 1 && holds("/f", "inside"));
            _exit(0);
        }
        CHECK(umount2(".", MNT_DETACH) == -1);
        CHECK(umount2("a", MNT_DETACH) == 0 && write(go[1], "x", 1) == 1);
        CHECK(waitpid(other, &status, 0) == other && status == 0);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(rmdir("a") == 0);
}

// Expired mounts go at the second call, unless they were used between.
static void expiring(void) {
    CHECK(mkdir("e", 0755) == 0 && mount("none", "e", "tmpfs", 0, "") == 0);
    CHECK_ERRNO(umount2("e", MNT_EXPIRE | MNT_DETACH), EINVAL);
    int fd = open("e", O_RDONLY | O_DIRECTORY);
    CHECK_ERRNO(umount2("e", MNT_EXPIRE), EBUSY);
    close(fd);
    CHECK_ERRNO(umount2("e", MNT_EXPIRE), EAGAIN);
    CHECK(umount2("e", MNT_EXPIRE) == 0);
    CHECK_ERRNO(umount2("e", 0), EINVAL);
    CHECK(rmdir("e") == 0);
}

// A mount that cannot be moved stays where it is.
static void moving(void) {
    CHECK(mkdir("from", 0755) == 0 && mkdir("to", 0755) == 0 && mkdir("other", 0755) == 0);
    CHECK(mount("none", "from", "tmpfs", 0, "") == 0);
    make("from/f", "moved");
    CHECK_ERRNO(mount("from", "from/f", 0, MS_MOVE, 0), EINVAL);
    CHECK(mkdir("from/d", 0755) == 0);
    CHECK_ERRNO(mount("from", "from/d", 0, MS_MOVE, 0), ELOOP);
    CHECK_ERRNO(mount("other", "to", 0, MS_MOVE, 0), EINVAL);
    CHECK(holds("from/f", "moved"));
    CHECK(mount("from", "to", 0, MS_MOVE, 0) == 0 && holds("to/f", "moved"));
    CHECK_ERRNO(access("from/f", F_OK), ENOENT);
    CHECK(umount2("to", 0) == 0 && rmdir("from") == 0 && rmdir("to") == 0 && rmdir("other") == 0);
}

static void add_layer(char *options, int number) {
    char *name = options + strlen(options);
    sprintf(name, ":%d", number);
    CHECK(mkdir(name + 1, 0755) == 0);
}

// An overlay keeps its layers, be they unmounted elsewhere; and overlays are not put in one another without an end.
static void layers(void) {
    CHECK(mkdir("l", 0755) == 0 && mount("none", "l", "tmpfs", 0, "") == 0);
    CHECK(mkdir("l/low", 0755) == 0 && mkdir("l/up", 0755) == 0 && mkdir("l/work", 0755) == 0);
    make("l/low/f", "content");
    CHECK(mkdir("o", 0755) == 0);
    CHECK(mount("none", "o", "overlay", 0, "lowerdir=l/low,upperdir=l/up,workdir=l/work") == 0);
    CHECK(umount2("l", 0) == 0);
    CHECK(holds("o/f", "content"));
    make("o/g", "more");
    CHECK(rename("o/f", "o/h") == 0 && holds("o/h", "content") && holds("o/g", "more"));
    CHECK(umount2("o", 0) == 0);

    CHECK(mount("none", "l", "tmpfs", 0, "") == 0 && chdir("l") == 0);
    for (int i = 0; i < 4; i++) CHECK(mkdir((char[]){'a' + i, 0}, 0755) == 0);
    make("a/f", "content");
    CHECK(mount("none", "c", "overlay", 0, "lowerdir=a:b") == 0);
    CHECK(mount("none", "d", "overlay", 0, "lowerdir=c:b") == 0 && holds("d/f", "content"));
    CHECK_ERRNO(mount("none", "b", "overlay", 0, "lowerdir=d:a"), EINVAL);
    CHECK(umount2("c", 0) == 0);
    CHECK(holds("d/f", "content") && umount2("d", 0) == 0);

    // Of a path through many layers each is asked.
    char options[4096] = "lowerdir=a";
    int many = 1;
    for (; many < 400; many++) add_layer(options, many);
    CHECK(mount("none", "c", "overlay", 0, options) == 0 && holds("c/f", "content"));
    DIR *names = opendir("c");
    int count = 0;
    while (readdir(names)) count++;
    CHECK(count == 3 && closedir(names) == 0 && umount2("c", 0) == 0);
    for (; many < 501; many++) add_layer(options, many);
    CHECK_ERRNO(mount("none", "c", "overlay", 0, options), EINVAL);
    CHECK(chdir("..") == 0 && umount2("l", 0) == 0 && rmdir("l") == 0 && rmdir("o") == 0);
}

// Mounts on mounts: each goes on the one before, and the last comes off first.
static void stacked(void) {
    CHECK(mkdir("s", 0755) == 0);
    for (int i = 0; i < 300; i++) CHECK(mount("none", "s", "tmpfs", 0, "") == 0);
    make("s/f", "top");
    CHECK(holds("s/f", "top"));
    for (int i = 0; i < 300; i++) CHECK(umount2("s", 0) == 0);
    CHECK_ERRNO(umount2("s", 0), EINVAL);
    CHECK(rmdir("s") == 0);
}

// One beside the other, below one directory.
static void many(void) {
    char name[32];
    CHECK(mkdir("m", 0755) == 0 && mount("none", "m", "tmpfs", 0, "") == 0);
    for (int i = 0; i < 2000; i++) {
        sprintf(name, "m/%d", i);
        CHECK(mkdir(name, 0755) == 0 && mount("none", name, "tmpfs", 0, "") == 0);
    }
    FILE *mounts = fopen("/proc/self/mountinfo", "r");
    int lines = 0;
    while (fgets(buffer, sizeof buffer, mounts)) lines++;
    CHECK(lines >= 2000 && fclose(mounts) == 0);
    make("m/1999/f", "last");
    CHECK(holds("m/1999/f", "last") && access("m/7/f", F_OK) == -1);
    CHECK(umount2("m", 0) == -1 && umount2("m", MNT_DETACH) == 0 && rmdir("m") == 0);
}

int main(void) {
    CHECK(mkdtemp(folder));
    CHECK(unshare(CLONE_NEWNS) == 0 && mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) == 0);
    CHECK(chdir(folder) == 0);
    standing();
    expiring();
    moving();
    layers();
    stacked();
    many();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
    return 0;
}
