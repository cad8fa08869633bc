/* Measures a call: attributes stat|open FILE COUNT

   Prints the mean of as many calls in seconds, their number, and the 50th, 90th and 99th percentile of as many others,
   each of which is timed by itself. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void call(int opens, const char *path) {
    struct stat status;
    int failed;
    if (opens) {
        int descriptor = open(path, O_RDONLY | O_CLOEXEC);
        failed = descriptor < 0 || close(descriptor) != 0;
    } else {
        failed = stat(path, &status) != 0;
    }
    if (failed) {
        perror(path);
        exit(1);
    }
}

static int compare(const void *first, const void *second) {
    double difference = *(const double *)first - *(const double *)second;
    return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    int opens = strcmp(argv[1], "open") == 0;
    long count = atol(argv[3]);
    double *samples = count > 0 ? calloc((size_t)count, sizeof *samples) : NULL;
    if (!samples) return 64;
    double start = now();
    for (long i = 0; i < count; i++) call(opens, argv[2]);
    double mean = (now() - start) / (double)count;
    for (long i = 0; i < count; i++) {
        start = now();
        call(opens, argv[2]);
        samples[i] = now() - start;
    }
    qsort(samples, (size_t)count, sizeof *samples, compare);
    printf("%.12f %ld", mean, count);
    for (int i = 0; i < 3; i++) printf(" %.12f", samples[(long)((double)(count - 1) * (double[]){0.5, 0.9, 0.99}[i])]);
    printf("\n");
    return 0;
}
