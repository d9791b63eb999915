// Copies its input to its output line by line, each through a file: as long as it answers, the container works.
#include <stdio.h>

int main(void) {
    char line[256];
    char copy[256];
    setvbuf(stdout, NULL, _IONBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        FILE *file = fopen("/tmp/line", "w+");
        if (file == NULL || fputs(line, file) < 0 || fseek(file, 0, SEEK_SET) != 0 || fgets(copy, sizeof copy, file) == NULL
                || fclose(file) != 0) {
            perror("echo");
            return 1;
        }
        fputs(copy, stdout);
    }
    return 0;
}
