/* Makes every flush to the disk take some milliseconds longer, for benchmarks.slow_disk: LD_PRELOAD it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int flush_slowly(const char *name, int descriptor) {
    struct timespec pause = {0, SLOWER_BY_MILLISECONDS * 1000000L};
    nanosleep(&pause, 0);
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return flush(descriptor);
}

int fsync(int descriptor) { return flush_slowly("fsync", descriptor); }
int fdatasync(int descriptor) { return flush_slowly("fdatasync", descriptor); }
