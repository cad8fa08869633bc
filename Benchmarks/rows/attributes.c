/* Prints the seconds that one call takes: attributes stat|open FILE COUNT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    int opens = strcmp(argv[1], "open") == 0;
    long count = atol(argv[3]);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < count; i++) {
        struct stat status;
        int failed = 0;
        if (opens) {
            int descriptor = open(argv[2], O_RDONLY | O_CLOEXEC);
            failed = descriptor < 0 || close(descriptor) != 0;
        } else {
            failed = stat(argv[2], &status) != 0;
        }
        if (failed) {
            perror(argv[2]);
            return 1;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%.12f\n", seconds / (double)count);
    return 0;
}
