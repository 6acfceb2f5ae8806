/* The least that names and versions of installed distributions can cost: the system calls of a careful reader and
   nothing else.

     cc -O2 -pthread lower_bound.c -o lower_bound
     lower_bound MODE THREADS < SITE-PACKAGES-DIRECTORIES     one a line

   MODE: names  directory entries only
         stat   fstat of each directory, as an unchanged listing needs
         head   open each METADATA or PKG-INFO, fstat, and read 4 KB at a time until Name and Version were seen
                or the header's blank line came
         same   the same, and look for direct_url.json in each .dist-info, which alone says what is editable */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 4096, LIMIT = 1 << 20, MAX_THREADS = 64 };
enum mode { NAMES, STAT, HEAD, SAME };

static enum mode mode;
static char **sites;
static size_t site_count, next_site;
static long distributions, named, bytes;
static pthread_mutex_t sum_lock = PTHREAD_MUTEX_INITIALIZER;

struct tally { long distributions, named, bytes; };

/* Walk whole header lines from *place on: 1 when the search is over, at the blank line or with Name and Version seen. */
static int walk(const char *text, size_t got, size_t *place, int *seen) {
    const char *line_end;
    while ((line_end = memchr(text + *place, '\n', got - *place))) {
        const char *line = text + *place;
        size_t length = line_end - line;
        if (!length) return 1;
        if (length > 6 && !memcmp(line, "Name: ", 6)) *seen |= 1;
        else if (length > 9 && !memcmp(line, "Version: ", 9)) *seen |= 2;
        if (*seen == 3) return 1;
        *place += length + 1;
    }
    return 0;
}

static void read_header(int directory, const char *path, char *buffer, struct tally *tally) {
    struct stat status;
    size_t got = 0, place = 0;
    ssize_t count;
    int seen = 0, file = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
    if (file < 0) return;
    if (!fstat(file, &status) && S_ISREG(status.st_mode))
        while (got + CHUNK <= LIMIT && (count = read(file, buffer + got, CHUNK)) > 0) {
            got += count;
            if (walk(buffer, got, &place, &seen) || count < CHUNK) break;
        }
    close(file);
    tally->bytes += got;
    tally->named += seen == 3;
}

static void scan(const char *site, char *buffer, struct tally *tally) {
    char path[512];
    struct stat status;
    int descriptor = open(site, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    if (fstat(descriptor, &status) || mode == STAT) { close(descriptor); return; }
    DIR *directory = fdopendir(descriptor);
    if (!directory) { close(descriptor); return; }
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        size_t length = strlen(entry->d_name);
        int dist = length > 10 && !memcmp(entry->d_name + length - 10, ".dist-info", 10);
        int egg = !dist && length > 9 && !memcmp(entry->d_name + length - 9, ".egg-info", 9);
        if (!dist && !egg) continue;
        tally->distributions++;
        if (mode == NAMES) continue;
        memcpy(path, entry->d_name, length);
        strcpy(path + length, dist ? "/METADATA" : entry->d_type == DT_DIR ? "/PKG-INFO" : "");
        read_header(descriptor, path, buffer, tally);
        if (mode == SAME && dist) {
            strcpy(path + length, "/direct_url.json");
            int file = openat(descriptor, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
            if (file >= 0) close(file);
        }
    }
    closedir(directory);
}

static void *work(void *unused) {
    struct tally tally = {0};
    char *buffer = malloc(LIMIT);
    size_t place;
    (void)unused;
    while ((place = __atomic_fetch_add(&next_site, 1, __ATOMIC_RELAXED)) < site_count) scan(sites[place], buffer, &tally);
    free(buffer);
    pthread_mutex_lock(&sum_lock);
    distributions += tally.distributions;
    named += tally.named;
    bytes += tally.bytes;
    pthread_mutex_unlock(&sum_lock);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    const char *word = arguments[1];
    mode = !strcmp(word, "names") ? NAMES : !strcmp(word, "stat") ? STAT : !strcmp(word, "same") ? SAME : HEAD;
    int threads = atoi(arguments[2]);
    if (threads < 1 || threads > MAX_THREADS) return 2;
    char *line = NULL;
    size_t room = 0, space = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        if (site_count == space) sites = realloc(sites, (space = space ? space * 2 : 256) * sizeof *sites);
        sites[site_count++] = strdup(line);
    }
    pthread_t started[MAX_THREADS];
    for (int i = 1; i < threads; i++) pthread_create(started + i, NULL, work, NULL);
    work(NULL);
    for (int i = 1; i < threads; i++) pthread_join(started[i], NULL);
    printf("sites=%zu distributions=%ld named=%ld bytes=%ld\n", site_count, distributions, named, bytes);
    return 0;
}
