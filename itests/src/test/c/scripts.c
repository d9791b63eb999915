// SPDX-License-Identifier: Apache-2.0
// The first line of a script, and scripts by descriptors. execve(2), execveat(2).
#include "check.h"
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char folder[] = "/tmp/jvisor-scripts-XXXXXX", script[64], out[4096];

static void make(const char *bytes, size_t length) {
    int fd = open(script, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && close(fd) == 0);
}

// What a program writes, or the errno of its execution: "E" and the number.
static const char *output_of(int fd, const char *path, int flags) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        char *arguments[] = {"first", "last", 0}, *environment[] = {0};
        dup2(ends[1], 1);
        syscall(SYS_execveat, fd, path, arguments, environment, flags);
        dprintf(1, "E%d", errno);
        _exit(1);
    }
    close(ends[1]);
    size_t have = 0;
    ssize_t n;
    while ((n = read(ends[0], out + have, sizeof out - 1 - have)) > 0) have += n;
    out[have] = 0;
    close(ends[0]);
    CHECK(waitpid(child, 0, 0) == child);
    return out;
}

static void expect(const char *expected, const char *bytes, size_t length) {
    make(bytes, length);
    const char *got = output_of(AT_FDCWD, script, 0);
    if (strcmp(got, expected)) {
        fprintf(stderr, "%.30s: \"%s\", not \"%s\"\n", bytes, got, expected);
        exit(1);
    }
}

static const char *format(const char *pattern, ...) {
    static char text[4096];
    va_list values;
    va_start(values, pattern);
    vsnprintf(text, sizeof text, pattern, values);
    va_end(values);
    return text;
}

static void lines(void) {
    const char *plain = strdup(format("%s last\n", script)), *two = strdup(format("a b %s last\n", script));
#define LINE(expected, text) expect(expected, text, sizeof text - 1)
    LINE("E13", "#!");
    LINE("E13", "#! ");
    LINE("E8", "#!\n");
    LINE("E8", "#!  \n");
    LINE("E13", "#!\0/bin/echo\n");
    LINE(plain, "#!/bin/echo");
    LINE(plain, "#!  \t /bin/echo \t \nmore");
    LINE(two, "#!/bin/echo a b \nmore");
    LINE(format("a  %s last\n", script), "#!/bin/echo a ");
    LINE(format(" %s last\n", script), "#!/bin/echo ");
    LINE(plain, "#!/bin/echo\0a b\n");
    LINE(format("a %s last\n", script), "#!/bin/echo a\0b\n");
    LINE("E2", "#!/bin/echo\r\n");
    // 256 bytes are looked at, and the last of them is no part of a word.
    char line[700], many[300];
    memset(many, 'k', sizeof many);
    for (int length = 241; length <= 246; length++) {
        int n = snprintf(line, sizeof line, "#!/bin/echo %.*s\n", length, many);
        expect(format("%.*s %s last\n", length < 243 ? length : 243, many, script), line, n);
    }
    memset(line, 'k', sizeof line);
    memcpy(line, "#!/bin/echo ", 12);
    expect(format("%.243s %s last\n", many, script), line, 600);
    memcpy(line, "#!/bin/echok", 12);
    expect("E8", line, 600);
    line[255] = '\n'; // the whole name is there, but no such program
    expect("E2", line, 600);
    line[255] = 'k';
    line[256] = '\n';
    expect("E8", line, 600);
    memset(line, ' ', sizeof line);
    memcpy(line, "#!", 2);
    expect("E8", line, 600);
    memcpy(line + 246, "/bin/echo\n", 10); // a line of just that length
    expect(plain, line, 600);
    memcpy(line + 247, "/bin/echo\n", 10);
    expect("E8", line, 600);
}

static void by_descriptors(void) {
    make("#!/bin/echo\n", 12);
    int fd = open(script, O_RDONLY), dir = open(folder, O_PATH);
    CHECK(fd >= 0 && dir >= 0);
    CHECK(!strcmp(output_of(fd, "", AT_EMPTY_PATH), format("/dev/fd/%d last\n", fd)));
    CHECK(!strcmp(output_of(dir, "script", 0), format("/dev/fd/%d/script last\n", dir)));
    // Nobody would find it any more.
    CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(dir, F_SETFD, FD_CLOEXEC) == 0);
    CHECK(!strcmp(output_of(fd, "", AT_EMPTY_PATH), "E2"));
    CHECK(!strcmp(output_of(dir, "script", 0), "E2"));
    CHECK(!strcmp(output_of(dir, script, 0), format("%s last\n", script)));
    make("#!\n", 3); // what it is comes first
    CHECK(!strcmp(output_of(fd, "", AT_EMPTY_PATH), "E8"));
}

int main(void) {
    CHECK(mkdtemp(folder));
    snprintf(script, sizeof script, "%s/script", folder);
    lines();
    by_descriptors();
    CHECK(unlink(script) == 0 && rmdir(folder) == 0);
    return 0;
}
