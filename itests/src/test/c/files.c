// SPDX-License-Identifier: Apache-2.0
// Files by path and by descriptor: open in all its ways, positions, attributes, names, directories, fcntl, locks, memfd.
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <utime.h>

static void *volatile nowhere = (void *)8;
static char buffer[70000], folder[] = "/tmp/filesXXXXXX", path[5000];

static int make(const char *name, const char *content) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, content, strlen(content)) == (long)strlen(content));
    return fd;
}

static int holds(const char *name, const char *content) {
    int fd = open(name, O_RDONLY), n = read(fd, buffer, sizeof buffer);
    close(fd);
    return n == (int)strlen(content) && memcmp(buffer, content, n) == 0;
}

static void opening(void) {
    CHECK_ERRNO(open("none", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("", O_RDONLY), ENOENT);
    CHECK_ERRNO(open(nowhere, O_RDONLY), EFAULT);
    int fd = open("a", O_CREAT | O_EXCL | O_WRONLY, 0666);
    CHECK(fd >= 0);
    CHECK_ERRNO(open("a", O_CREAT | O_EXCL | O_WRONLY, 0666), EEXIST);
    CHECK_ERRNO(read(fd, buffer, 1), EBADF);
    CHECK((fcntl(fd, F_GETFL) & ~0100000) == O_WRONLY && fcntl(fd, F_GETFD) == 0);
    struct stat s;
    CHECK(fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && (s.st_mode & 0777) == 0644 && s.st_nlink == 1 && s.st_size == 0);
    CHECK(write(fd, "0123456789", 10) == 10 && close(fd) == 0);
    CHECK_ERRNO(close(fd), EBADF);
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    fd = open("a", O_RDWR | O_CLOEXEC);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(lseek(fd, -3, SEEK_END) == 7 && read(fd, buffer, 9) == 3 && read(fd, buffer, 9) == 0);
    CHECK(lseek(fd, 2, SEEK_SET) == 2 && lseek(fd, 3, SEEK_CUR) == 5);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERRNO(lseek(fd, 0, 77), EINVAL);
    CHECK(pwrite(fd, "XY", 2, 1) == 2 && pread(fd, buffer, 4, 0) == 4 && memcmp(buffer, "0XY3", 4) == 0 && lseek(fd, 0, SEEK_CUR) == 5);
    CHECK_ERRNO(pread(fd, buffer, 1, -1), EINVAL);
    CHECK_ERRNO(read(fd, nowhere, 1), EFAULT);
    CHECK(lseek(fd, 100, SEEK_SET) == 100 && write(fd, "z", 1) == 1 && pread(fd, buffer, 200, 0) == 101 && buffer[50] == 0 && buffer[100] == 'z');
    close(fd);
    CHECK(open("a", O_WRONLY | O_TRUNC) == fd && fstat(fd, &s) == 0 && s.st_size == 0);
    close(fd);
    fd = open("a", O_WRONLY | O_APPEND);
    CHECK(write(fd, "ab", 2) == 2 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "cd", 2) == 2 && lseek(fd, 0, SEEK_CUR) == 4 && holds("a", "abcd"));
    CHECK(pwrite(fd, "!", 1, 0) == 1 && holds("a", "abcd!"));
    close(fd);
    CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
    CHECK_ERRNO(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(open("a/b", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(open("a/", O_RDONLY), ENOTDIR);
    CHECK(symlink("a", "l") == 0 && symlink("l2", "l1") == 0 && symlink("l1", "l2") == 0);
    CHECK_ERRNO(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERRNO(open("l1", O_RDONLY), ELOOP);
    CHECK_ERRNO(open("l", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    memset(path, 'n', sizeof path); path[256] = 0;
    CHECK_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
    memset(path, '/', 4096); path[4096] = 0;
    CHECK_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
    path[4095] = 0;
    CHECK((fd = open(path, O_RDONLY)) >= 0 && close(fd) == 0);
    // O_PATH: a place, nothing more.
    fd = open("a", O_PATH);
    CHECK(fd >= 0 && fstat(fd, &s) == 0 && s.st_size == 5);
    CHECK_ERRNO(read(fd, buffer, 1), EBADF);
    CHECK_ERRNO(fchmod(fd, 0600), EBADF);
    CHECK_ERRNO(ioctl(fd, FIONREAD, buffer), EBADF);
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
    close(fd);
    fd = open("l", O_PATH | O_NOFOLLOW);
    CHECK(fstat(fd, &s) == 0 && S_ISLNK(s.st_mode) && readlinkat(fd, "", buffer, 9) == 1 && buffer[0] == 'a');
    close(fd);
    // A file that never had a name.
    fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(fd >= 0 && write(fd, "hidden", 6) == 6 && fstat(fd, &s) == 0 && s.st_nlink == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "shown", AT_SYMLINK_FOLLOW) == 0 && holds("shown", "hidden"));
    close(fd);
    CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS};
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "l", &how, sizeof how), ELOOP);
    how.resolve = RESOLVE_BENEATH;
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how), EXDEV);
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "../x", &how, sizeof how), EXDEV);
    how.flags = 1L << 40; how.resolve = 0;
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "a", &how, sizeof how), EINVAL);
    how.flags = O_RDONLY; how.mode = 1;
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "a", &how, sizeof how), EINVAL);
    how.mode = 0;
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "a", &how, 8), EINVAL);
    CHECK((fd = syscall(SYS_openat2, AT_FDCWD, "a", &how, sizeof how)) >= 0 && close(fd) == 0);
    CHECK(unlink("a") == 0 && unlink("l") == 0 && unlink("l1") == 0 && unlink("l2") == 0 && unlink("shown") == 0);
}

static void descriptors(void) {
    int fd = make("d", "content"), copy = dup(fd);
    CHECK(copy > fd && lseek(fd, 3, SEEK_SET) == 3 && lseek(copy, 0, SEEK_CUR) == 3);
    CHECK(dup2(fd, 50) == 50 && fcntl(50, F_GETFD) == 0 && dup2(fd, fd) == fd);
    CHECK(dup3(fd, 51, O_CLOEXEC) == 51 && fcntl(51, F_GETFD) == FD_CLOEXEC);
    CHECK_ERRNO(dup3(fd, fd, 0), EINVAL);
    CHECK_ERRNO(dup2(99, 100), EBADF);
    CHECK_ERRNO(dup2(fd, -1), EBADF);
    CHECK_ERRNO(dup(99), EBADF);
    CHECK(fcntl(fd, F_DUPFD, 60) == 60 && fcntl(fd, F_DUPFD_CLOEXEC, 60) == 61 && fcntl(61, F_GETFD) == FD_CLOEXEC);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(copy, F_GETFD) == 0);
    CHECK(ioctl(fd, FIONCLEX) == 0 && fcntl(fd, F_GETFD) == 0 && ioctl(fd, FIOCLEX) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND) == 0 && (fcntl(copy, F_GETFL) & ~0100000) == (O_RDWR | O_NONBLOCK | O_APPEND));
    int off = 0;
    CHECK(ioctl(fd, FIONBIO, &off) == 0 && (fcntl(fd, F_GETFL) & ~0100000) == (O_RDWR | O_APPEND));
    int left;
    CHECK(lseek(fd, 2, SEEK_SET) == 2 && ioctl(fd, FIONREAD, &left) == 0 && left == 5);
    CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, buffer), ENOTTY);
    CHECK_ERRNO(fcntl(fd, 12345), EINVAL);
    CHECK(fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_GETOWN) == getpid() && fcntl(fd, F_SETOWN, -getpgrp()) == 0 && fcntl(fd, F_GETOWN) == -getpgrp());
    CHECK_ERRNO(fcntl(fd, F_SETOWN, 999999), ESRCH);
    CHECK(fcntl(fd, F_SETSIG, SIGUSR1) == 0 && fcntl(fd, F_GETSIG) == SIGUSR1);
    CHECK_ERRNO(fcntl(fd, F_SETSIG, 99), EINVAL);
    CHECK_ERRNO(fcntl(fd, F_GETPIPE_SZ), EBADF);
    CHECK(syscall(SYS_close_range, 50, 61, CLOSE_RANGE_CLOEXEC) == 0 && fcntl(50, F_GETFD) == FD_CLOEXEC);
    CHECK(syscall(SYS_close_range, 50, ~0U, 0) == 0);
    CHECK_ERRNO(fcntl(50, F_GETFD), EBADF);
    CHECK_ERRNO(syscall(SYS_close_range, 5, 4, 0), EINVAL);
    struct rlimit limit, old;
    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    limit = (struct rlimit){.rlim_cur = copy + 2, .rlim_max = old.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0 && dup(fd) == copy + 1);
    CHECK_ERRNO(dup(fd), EMFILE);
    CHECK_ERRNO(open("d", O_RDONLY), EMFILE);
    CHECK_ERRNO(dup2(fd, copy + 2), EBADF);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, copy + 2), EINVAL);
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
    close(copy + 1); close(copy); close(fd); unlink("d");
}

static void attributes(void) {
    struct stat s, t; struct statx x;
    int fd = make("f", "12345");
    CHECK(stat("f", &s) == 0 && s.st_size == 5 && s.st_uid == geteuid() && lstat("f", &t) == 0 && t.st_ino == s.st_ino && t.st_dev == s.st_dev);
    CHECK(fstatat(fd, "", &t, AT_EMPTY_PATH) == 0 && t.st_ino == s.st_ino);
    CHECK_ERRNO(fstatat(fd, "", &t, 0), ENOENT);
    CHECK_ERRNO(fstatat(fd, "x", &t, 0), ENOTDIR);
    CHECK_ERRNO(fstatat(99, "x", &t, 0), EBADF);
    CHECK_ERRNO(fstatat(fd, "x", &t, 1 << 20), EINVAL);
    CHECK_ERRNO(stat("f", nowhere), EFAULT);
    CHECK(statx(AT_FDCWD, "f", 0, STATX_ALL, &x) == 0 && x.stx_size == 5 && x.stx_ino == s.st_ino && (x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    CHECK_ERRNO(statx(AT_FDCWD, "f", 0, 0x80000000, &x), EINVAL);
    CHECK(chmod("f", 0421) == 0 && stat("f", &s) == 0 && (s.st_mode & 07777) == 0421);
    CHECK(fchmod(fd, 04755) == 0 && fstat(fd, &s) == 0 && (s.st_mode & 07777) == 04755);
    CHECK(fchmodat(AT_FDCWD, "f", 0600, 0) == 0);
    if (geteuid() == 0) {
        CHECK(chown("f", 12, 34) == 0 && stat("f", &s) == 0 && s.st_uid == 12 && s.st_gid == 34);
        CHECK(fchown(fd, -1, 0) == 0 && lchown("f", 0, -1) == 0 && stat("f", &s) == 0 && s.st_uid == 0 && s.st_gid == 0);
    }
    CHECK(access("f", R_OK | W_OK) == 0 && access("f", F_OK) == 0);
    CHECK_ERRNO(access("f", X_OK), EACCES);
    CHECK_ERRNO(access("none", F_OK), ENOENT);
    CHECK_ERRNO(access("f", 99), EINVAL);
    CHECK(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS) == 0);
    struct timespec times[2] = {{1000, 5}, {2000, 999999999}};
    CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0 && stat("f", &s) == 0 && s.st_atim.tv_sec == 1000 && s.st_atim.tv_nsec == 5 && s.st_mtim.tv_sec == 2000 && s.st_mtim.tv_nsec == 999999999);
    times[0].tv_nsec = UTIME_OMIT; times[1].tv_nsec = UTIME_NOW;
    CHECK(futimens(fd, times) == 0 && stat("f", &s) == 0 && s.st_atim.tv_sec == 1000 && s.st_mtim.tv_sec > 1000000000);
    times[0].tv_nsec = 1000000000;
    CHECK_ERRNO(futimens(fd, times), EINVAL);
    CHECK(utime("f", &(struct utimbuf){7, 8}) == 0 && stat("f", &s) == 0 && s.st_atime == 7 && s.st_mtime == 8);
    CHECK(utimes("f", (struct timeval[]){{3, 4}, {5, 6}}) == 0 && stat("f", &s) == 0 && s.st_atim.tv_nsec == 4000 && s.st_mtim.tv_nsec == 6000);
    CHECK(truncate("f", 2) == 0 && stat("f", &s) == 0 && s.st_size == 2 && ftruncate(fd, 100000) == 0 && fstat(fd, &s) == 0 && s.st_size == 100000);
    CHECK(pread(fd, buffer, 10, 0) == 10 && memcmp(buffer, "12\0\0\0", 5) == 0);
    CHECK_ERRNO(truncate("f", -1), EINVAL);
    CHECK_ERRNO(truncate(".", 1), EISDIR);
    int r = open("f", O_RDONLY);
    CHECK_ERRNO(ftruncate(r, 1), EINVAL);
    CHECK(posix_fadvise(r, 0, 0, POSIX_FADV_SEQUENTIAL) == 0 && posix_fadvise(r, 0, 0, 99) == EINVAL && readahead(r, 0, 100) == 0);
    CHECK(fsync(fd) == 0 && fdatasync(fd) == 0 && syncfs(fd) == 0 && sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE) == 0);
    CHECK_ERRNO(sync_file_range(fd, 0, 10, 99), EINVAL);
    CHECK(fallocate(fd, 0, 0, 200000) == 0 && fstat(fd, &s) == 0 && s.st_size == 200000);
    CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 300000) == 0 && fstat(fd, &s) == 0 && s.st_size == 200000);
    CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERRNO(fallocate(r, 0, 0, 1), EBADF);
    struct statfs fs;
    CHECK(statfs("f", &fs) == 0 && fs.f_bsize > 0 && fs.f_namelen == 255 && fstatfs(fd, &fs) == 0);
    struct rlimit old, small = {1000, RLIM_INFINITY};
    CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0 && ftruncate(fd, 0) == 0 && setrlimit(RLIMIT_FSIZE, &small) == 0);
    signal(SIGXFSZ, SIG_IGN);
    CHECK(pwrite(fd, buffer, 100, 950) == 50);
    CHECK_ERRNO(pwrite(fd, buffer, 1, 1000), EFBIG);
    CHECK_ERRNO(ftruncate(fd, 1001), EFBIG);
    CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
    struct iovec v[2] = {{"ab", 2}, {"cd", 2}};
    CHECK(pwritev(fd, v, 2, 10) == 4 && pread(fd, buffer, 4, 10) == 4 && memcmp(buffer, "abcd", 4) == 0);
    CHECK(pwritev2(fd, v, 2, -1, 0) == 4 && lseek(fd, 0, SEEK_CUR) == 9 && preadv2(fd, v, 0, 0, 0) == 0);
    CHECK_ERRNO(pwritev2(fd, v, 2, 0, 0x4000), EOPNOTSUPP);
    close(r); close(fd); unlink("f");
}

static void names(void) {
    struct stat s;
    CHECK(mkdir("dir", 0777) == 0 && stat("dir", &s) == 0 && (s.st_mode & 07777) == 0755 && S_ISDIR(s.st_mode) && s.st_nlink == 2);
    CHECK_ERRNO(mkdir("dir", 0777), EEXIST);
    CHECK_ERRNO(mkdir("none/dir", 0777), ENOENT);
    CHECK(umask(077) == 022 && mkdir("dir/sub", 0777) == 0 && stat("dir/sub", &s) == 0 && (s.st_mode & 07777) == 0700 && umask(022) == 077);
    CHECK_ERRNO(rmdir("dir"), ENOTEMPTY);
    CHECK_ERRNO(rmdir("dir/."), EINVAL);
    CHECK_ERRNO(unlink("dir"), EISDIR);
    close(make("dir/f", "one"));
    CHECK(link("dir/f", "dir/g") == 0 && stat("dir/g", &s) == 0 && s.st_nlink == 2);
    CHECK_ERRNO(link("dir/f", "dir/g"), EEXIST);
    CHECK_ERRNO(link("dir", "dir2"), EPERM);
    CHECK(rename("dir/g", "dir/h") == 0 && holds("dir/h", "one"));
    CHECK_ERRNO(rename("dir/none", "x"), ENOENT);
    CHECK_ERRNO(rename("dir", "dir/sub/in"), EINVAL);
    CHECK_ERRNO(rename("dir/f", "dir/sub"), EISDIR);
    CHECK_ERRNO(rename("dir/sub", "dir/f"), ENOTDIR);
    close(make("dir/x", "two"));
    CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "dir/x", AT_FDCWD, "dir/f", 1), EEXIST);
    CHECK(syscall(SYS_renameat2, AT_FDCWD, "dir/x", AT_FDCWD, "dir/f", 2) == 0 && holds("dir/f", "two") && holds("dir/x", "one"));
    CHECK(rename("dir/x", "dir/f") == 0 && holds("dir/f", "one"));
    CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 99), EINVAL);
    CHECK(symlink("dir/f", "s") == 0 && readlink("s", buffer, 100) == 5 && readlink("s", buffer, 2) == 2 && lstat("s", &s) == 0 && s.st_size == 5);
    CHECK_ERRNO(readlink("dir/f", buffer, 9), EINVAL);
    CHECK_ERRNO(readlink("s", buffer, 0), EINVAL);
    CHECK_ERRNO(symlink("", "e"), ENOENT);
    int d = open("dir", O_RDONLY | O_DIRECTORY);
    CHECK(mkdirat(d, "m", 0700) == 0 && unlinkat(d, "m", AT_REMOVEDIR) == 0 && symlinkat("q", d, "q") == 0 && unlinkat(d, "q", 0) == 0);
    CHECK_ERRNO(unlinkat(d, "m", 1), EINVAL);
    CHECK_ERRNO(unlinkat(d, "sub", 0), EISDIR);
    CHECK(mkfifo("dir/p", 0600) == 0 && stat("dir/p", &s) == 0 && S_ISFIFO(s.st_mode) && unlink("dir/p") == 0);
    CHECK(mknod("dir/r", S_IFREG | 0600, 0) == 0 && stat("dir/r", &s) == 0 && S_ISREG(s.st_mode) && unlink("dir/r") == 0);
    CHECK_ERRNO(mknod("dir/r", S_IFDIR | 0600, 0), EPERM);
    // A file lives as long as it is open.
    int fd = open("dir/h", O_RDONLY);
    CHECK(unlink("dir/h") == 0 && read(fd, buffer, 9) == 3 && fstat(fd, &s) == 0 && close(fd) == 0);
    // Working directory.
    char cwd[300], expected[300];
    snprintf(expected, sizeof expected, "%s/dir/sub", folder);
    CHECK(chdir("dir/sub") == 0 && getcwd(cwd, sizeof cwd) && strcmp(cwd, expected) == 0);
    CHECK_ERRNO(syscall(SYS_getcwd, cwd, 3), ERANGE);
    CHECK(syscall(SYS_getcwd, cwd, 300) == (long)strlen(expected) + 1);
    CHECK(fchdir(d) == 0 && rmdir("sub") == 0 && chdir("..") == 0);
    CHECK_ERRNO(chdir("dir/f"), ENOTDIR);
    CHECK_ERRNO(fchdir(99), EBADF);
    // A directory that is gone.
    CHECK(mkdir("gone", 0700) == 0 && chdir("gone") == 0 && rmdir("../gone") == 0);
    CHECK_ERRNO(syscall(SYS_getcwd, cwd, 300), ENOENT);
    CHECK_ERRNO(open("new", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK(chdir(folder) == 0);
    // Listings: all entries, once each, in buffers of any size that fits one.
    for (int i = 0; i < 300; i++) { snprintf(path, sizeof path, "dir/entry%d", i); close(make(path, "")); }
    for (int size = 64; size < 40000; size = size * 4 + 24) {
        CHECK(lseek(d, 0, SEEK_SET) == 0);
        int n, entries = 0, dots = 0;
        while ((n = syscall(SYS_getdents64, d, buffer, size)) > 0) {
            for (int at = 0; at < n; ) {
                struct dirent64 *e = (struct dirent64 *)(buffer + at);
                if (strncmp(e->d_name, "entry", 5) == 0) { entries++; CHECK(e->d_type == DT_REG || e->d_type == DT_UNKNOWN); }
                else if (e->d_name[0] == '.') dots++;
                CHECK(e->d_reclen % 8 == 0);
                at += e->d_reclen;
            }
        }
        CHECK(n == 0 && entries == 300 && dots == 2);
    }
    CHECK(lseek(d, 0, SEEK_SET) == 0);
    CHECK_ERRNO(syscall(SYS_getdents64, d, buffer, 10), EINVAL);
    CHECK_ERRNO(syscall(SYS_getdents64, d, nowhere, 1000), EFAULT);
    fd = open("dir/f", O_RDONLY);
    CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 1000), ENOTDIR);
    close(fd);
    for (int i = 0; i < 300; i++) { snprintf(path, sizeof path, "dir/entry%d", i); CHECK(unlink(path) == 0); }
    close(d);
    CHECK(unlink("dir/f") == 0 && unlink("s") == 0 && rmdir("dir") == 0);
}

static int lock(int fd, int command, int type, long start, long length) {
    struct flock l = {.l_type = type, .l_start = start, .l_len = length};
    return fcntl(fd, command, &l);
}

static void locks(void) {
    int a = make("k", "0123456789"), b = open("k", O_RDWR), status;
    CHECK(flock(a, LOCK_EX) == 0);
    CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EAGAIN);
    CHECK_ERRNO(flock(b, LOCK_SH | LOCK_NB), EAGAIN);
    CHECK(flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0 && flock(a, LOCK_UN) == 0 && flock(b, LOCK_UN) == 0);
    CHECK_ERRNO(flock(a, 0), EINVAL);
    CHECK(lock(a, F_SETLK, F_WRLCK, 0, 5) == 0 && lock(b, F_SETLK, F_WRLCK, 0, 5) == 0);
    if (fork() == 0) {
        CHECK_ERRNO(lock(b, F_SETLK, F_RDLCK, 4, 1), EAGAIN);
        CHECK(lock(b, F_SETLK, F_RDLCK, 5, 1) == 0);
        struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 0};
        CHECK(fcntl(b, F_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_start == 0 && l.l_len == 5 && l.l_pid == getppid());
        CHECK(lock(b, F_SETLKW, F_WRLCK, 0, 1) == 0);
        _exit(0);
    }
    usleep(50000);
    CHECK(lock(a, F_SETLK, F_UNLCK, 0, 0) == 0 && wait(&status) > 0 && status == 0);
    CHECK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0) == 0);
    CHECK_ERRNO(lock(b, F_OFD_SETLK, F_RDLCK, 3, 1), EAGAIN);
    struct flock l = {.l_type = F_RDLCK, .l_pid = 5};
    CHECK_ERRNO(fcntl(a, F_OFD_SETLK, &l), EINVAL);
    l = (struct flock){.l_type = 77};
    CHECK_ERRNO(fcntl(a, F_SETLK, &l), EINVAL);
    close(a); close(b); unlink("k");
}

static struct flock range(int type, long start, long length) {
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return l;
}

// Of several locks in the way the first is told, wherever and however they were taken.
static void lowest_locks(void) {
    int fd = make("ranges", ""), status;
    struct flock l = range(F_WRLCK, 0, 100);
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    l = range(F_UNLCK, 40, 20);
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    l = range(F_RDLCK, 10, 10);
    CHECK(fcntl(fd, F_SETLK, &l) == 0);
    pid_t child = fork();
    if (child == 0) {
        int own = open("ranges", O_RDWR);
        l = range(F_RDLCK, 10, 10);
        CHECK(fcntl(own, F_SETLK, &l) == 0);
        l = range(F_WRLCK, 0, 200);
        CHECK(fcntl(own, F_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_start == 0 && l.l_len == 10 && l.l_pid == getppid());
        l = range(F_WRLCK, 10, 200);
        CHECK(fcntl(own, F_GETLK, &l) == 0 && l.l_type == F_RDLCK && l.l_start == 10 && l.l_len == 10);
        l = range(F_RDLCK, 10, 0);
        CHECK(fcntl(own, F_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_start == 20 && l.l_len == 20);
        l = range(F_WRLCK, 40, 0);
        CHECK(fcntl(own, F_GETLK, &l) == 0 && l.l_start == 60 && l.l_len == 40);
        l = range(F_WRLCK, 45, 5);
        CHECK(fcntl(own, F_GETLK, &l) == 0 && l.l_type == F_UNLCK);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(fd); unlink("ranges");
}

static void memfds(void) {
    int m = memfd_create("name", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    struct stat s;
    CHECK(m >= 0 && ftruncate(m, 10000) == 0 && fstat(m, &s) == 0 && s.st_size == 10000 && fcntl(m, F_GETFD) == FD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", m);
    CHECK(readlink(path, buffer, 100) > 0 && memcmp(buffer, "/memfd:name (deleted)", 21) == 0);
    char *map = mmap(0, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, m, 0);
    CHECK(map != MAP_FAILED && strcpy(map + 5000, "through the map") && pread(m, buffer, 15, 5000) == 15 && memcmp(buffer, "through the map", 15) == 0);
    CHECK_ERRNO(fcntl(m, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK(munmap(map, 10000) == 0 && fcntl(m, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK) == 0 && fcntl(m, F_GET_SEALS) == (F_SEAL_WRITE | F_SEAL_SHRINK));
    CHECK_ERRNO(write(m, "x", 1), EPERM);
    CHECK_ERRNO(ftruncate(m, 5), EPERM);
    CHECK(ftruncate(m, 20000) == 0 && fcntl(m, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL) == 0);
    CHECK_ERRNO(ftruncate(m, 30000), EPERM);
    CHECK_ERRNO(fcntl(m, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    close(m);
    m = memfd_create("", 0);
    CHECK(m >= 0 && fcntl(m, F_GET_SEALS) == F_SEAL_SEAL);
    CHECK_ERRNO(fcntl(m, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
    CHECK(ftruncate(m, 1 << 20) == 0 && pwrite(m, "d", 1, 500000) == 1);
    CHECK(lseek(m, 0, SEEK_DATA) <= 500000 && lseek(m, 0, SEEK_DATA) >= 490000 && lseek(m, 500000, SEEK_HOLE) > 500000);
    CHECK(fallocate(m, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20) == 0 && pread(m, buffer, 1, 500000) == 1 && buffer[0] == 0);
    CHECK_ERRNO(lseek(m, 0, SEEK_DATA), ENXIO);
    CHECK_ERRNO(memfd_create("x", 0x800), EINVAL);
    close(m);
    int file = open("/etc/passwd", O_RDONLY);
    CHECK_ERRNO(fcntl(file, F_GET_SEALS), EINVAL);
    close(file);
}

static void devices(void) {
    int fd = open("/dev/null", O_RDWR);
    CHECK(fd >= 0 && write(fd, buffer, sizeof buffer) == sizeof buffer && read(fd, buffer, 10) == 0 && lseek(fd, 10, SEEK_SET) >= 0);
    close(fd);
    fd = open("/dev/zero", O_RDWR);
    memset(buffer, 1, sizeof buffer);
    CHECK(read(fd, buffer, sizeof buffer) == sizeof buffer && buffer[0] == 0 && buffer[sizeof buffer - 1] == 0);
    char *map = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), *shared = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED && shared != MAP_FAILED && map[5000] == 0 && shared[5000] == 0 && (map[1] = 2) && (shared[1] = 3) && map[1] == 2);
    if (fork() == 0) { shared[2] = 7; map[2] = 7; _exit(0); }
    CHECK(wait(0) > 0 && shared[2] == 7 && map[2] == 0 && munmap(map, 8192) == 0 && munmap(shared, 8192) == 0);
    close(fd);
    fd = open("/dev/full", O_RDWR);
    CHECK_ERRNO(write(fd, "x", 1), ENOSPC);
    CHECK(read(fd, buffer, 10) == 10);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    char a[64] = {0}, b[64] = {0};
    CHECK(read(fd, a, 64) == 64 && read(fd, b, 64) == 64 && memcmp(a, b, 64) != 0);
    close(fd);
}

static void xattrs(void) {
    close(make("x", ""));
    if (setxattr("x", "user.one", "value", 5, 0) == 0) {
        CHECK(getxattr("x", "user.one", buffer, 100) == 5 && memcmp(buffer, "value", 5) == 0 && getxattr("x", "user.one", 0, 0) == 5);
        CHECK_ERRNO(getxattr("x", "user.one", buffer, 2), ERANGE);
        CHECK_ERRNO(getxattr("x", "user.two", buffer, 2), ENODATA);
        CHECK_ERRNO(setxattr("x", "user.one", "v", 1, XATTR_CREATE), EEXIST);
        CHECK_ERRNO(setxattr("x", "user.two", "v", 1, XATTR_REPLACE), ENODATA);
        CHECK(listxattr("x", buffer, 100) == 9 && strcmp(buffer, "user.one") == 0 && removexattr("x", "user.one") == 0 && listxattr("x", 0, 0) == 0);
    } else {
        CHECK(errno == EOPNOTSUPP);
    }
    CHECK_ERRNO(setxattr("x", "", "v", 1, 0), ERANGE);
    CHECK_ERRNO(setxattr("x", "user.one", "v", 1, 99), EINVAL);
    CHECK_ERRNO(setxattr("x", "user.one", buffer, 70000, 0), E2BIG);
    unlink("x");
}

// A file without a name gets none again, unless it was made so; and that but once.
static void linking_back(void) {
    char path[64];
    int fd = open("gone", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && unlink("gone") == 0);
    sprintf(path, "/proc/self/fd/%d", fd);
    CHECK_ERRNO(linkat(AT_FDCWD, path, AT_FDCWD, "back", AT_SYMLINK_FOLLOW), ENOENT);
    CHECK(close(fd) == 0 && (fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600)) >= 0);
    CHECK_ERRNO(linkat(AT_FDCWD, path, AT_FDCWD, "back", AT_SYMLINK_FOLLOW), ENOENT);
    CHECK(close(fd) == 0 && (fd = open(".", O_TMPFILE | O_RDWR, 0600)) >= 0);
    CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
    CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "again", AT_SYMLINK_FOLLOW) == 0);
    CHECK(unlink("named") == 0 && unlink("again") == 0);
    CHECK_ERRNO(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
    CHECK(close(fd) == 0);
}

static time_t accessed(const char *path) {
    struct stat s;
    CHECK(lstat(path, &s) == 0);
    return s.st_atime;
}

// Reads it all, a file, directory or link, and tells when it was accessed last; before that it was in 1970.
static time_t after_reading(const char *path, int flags) {
    struct stat s;
    char some[1024];
    CHECK(lstat(path, &s) == 0);
    struct timespec times[2] = {{1000, 0}, {2000, 0}};
    CHECK(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 && accessed(path) == 1000);
    if (S_ISLNK(s.st_mode)) {
        CHECK(readlink(path, some, sizeof some) > 0);
    } else {
        int fd = open(path, O_RDONLY | flags);
        CHECK(fd >= 0 && (S_ISDIR(s.st_mode) ? syscall(SYS_getdents64, fd, some, sizeof some) : pread(fd, some, 1, 0)) > 0);
        close(fd);
    }
    return accessed(path);
}

static void access_times(void) {
    pid_t child = fork();
    if (child == 0) {
        CHECK(unshare(CLONE_NEWNS) == 0 && mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) == 0);
        CHECK(mkdir("m", 0755) == 0 && mount("none", "m", "tmpfs", 0, "") == 0 && mkdir("m/d", 0755) == 0);
        int fd = open("m/f", O_RDWR | O_CREAT, 0644);
        CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 && symlink("f", "m/l") == 0);
        CHECK(after_reading("m/f", O_NOATIME) == 1000 && after_reading("m/d", O_NOATIME) == 1000);
        CHECK(after_reading("m/f", 0) > 2000 && after_reading("m/d", 0) > 2000 && after_reading("m/l", 0) > 2000);
        CHECK(mount(0, "m", 0, MS_REMOUNT | MS_BIND | MS_NOATIME, 0) == 0);
        CHECK(after_reading("m/f", 0) == 1000 && after_reading("m/d", 0) == 1000 && after_reading("m/l", 0) == 1000);
        CHECK(mount(0, "m", 0, MS_REMOUNT | MS_BIND | MS_STRICTATIME | MS_NODIRATIME, 0) == 0);
        CHECK(after_reading("m/f", 0) > 2000 && after_reading("m/d", 0) == 1000);
        // An access that is later than the last change counts here, and not with MS_RELATIME.
        struct timespec future[2] = {{4000000000, 0}, {2000, 0}};
        char c;
        CHECK((fd = open("m/f", O_RDWR)) >= 0 && futimens(fd, future) == 0 && read(fd, &c, 1) == 1);
        CHECK(accessed("m/f") < 4000000000);
        CHECK(mount(0, "m", 0, MS_REMOUNT | MS_BIND | MS_RELATIME, 0) == 0 && futimens(fd, future) == 0);
        CHECK(pread(fd, &c, 1, 0) == 1 && accessed("m/f") == 4000000000);
        CHECK(chmod(".", 0755) == 0 && setuid(1000) == 0);
        CHECK_ERRNO(open("m/f", O_RDONLY | O_NOATIME), EPERM);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0 && rmdir("m") == 0);
}

int main(void) {
    umask(022);
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    opening(); descriptors(); attributes(); names(); locks(); lowest_locks(); memfds(); devices(); xattrs(); linking_back(); access_times();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
    return 0;
}
