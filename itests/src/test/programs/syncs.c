// Makes, writes and syncs files in the folder that it is given, one after the other, until it is ended: most of the time it is in a
// call that the file server answers. Says "ready" first.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 2 || chdir(argv[1]) != 0) {
        perror("syncs");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (int i = 0;; i++) {
        char name[32];
        snprintf(name, sizeof name, "file%d", i % 8);
        int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || write(fd, name, sizeof name) != sizeof name || fsync(fd) != 0 || close(fd) != 0 || unlink(name) != 0) {
            perror(name);
            return 1;
        }
    }
}
