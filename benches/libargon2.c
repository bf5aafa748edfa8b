/* Times the reference implementation of Argon2 for hashing.rs; scripts/measure compiles it, cargo does not know it.
 *
 *   libargon2 plain    the library takes its memory and gives it back for each hash, as it does by default
 *   libargon2 kept     the memory of the first hash serves all of them
 *
 * It wipes the memory after each hash in both, which cannot be switched off from outside of the library.
 *
 * For each line of standard input it computes one hash and prints the milliseconds of wall clock and of CPU that it
 * took, and the hash in hexadecimal. One thread computes all lanes, as in the crate. */
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint8_t *kept;

static int take(uint8_t **memory, size_t bytes) {
    if (kept == NULL) kept = malloc(bytes);
    *memory = kept;
    return kept == NULL ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

static void leave(uint8_t *memory, size_t bytes) {
    (void)memory;
    (void)bytes;
}

static double milliseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int count, char **arguments) {
    int keep = count == 2 && strcmp(arguments[1], "kept") == 0;
    if (!keep && (count != 2 || strcmp(arguments[1], "plain") != 0)) {
        fprintf(stderr, "usage: %s plain|kept\n", arguments[0]);
        return 2;
    }
    int next;
    while ((next = getchar()) != EOF) {
        if (next != '\n') continue;
        /* The library may wipe the plain text and the salt, so each hash has copies of its own. */
        uint8_t output[32], plain[] = "correct horse battery staple", salt[] = "sixteen bytes ok";
        argon2_context context = {
            .out = output, .outlen = sizeof output,
            .pwd = plain, .pwdlen = sizeof plain - 1,
            .salt = salt, .saltlen = sizeof salt - 1,
            .t_cost = 4, .m_cost = 65536, .lanes = 3, .threads = 1,
            .version = ARGON2_VERSION_13, .flags = ARGON2_DEFAULT_FLAGS,
        };
        if (keep) {
            context.allocate_cbk = take;
            context.free_cbk = leave;
        }
        double wall = milliseconds(CLOCK_MONOTONIC), cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
        int status = argon2id_ctx(&context);
        cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        wall = milliseconds(CLOCK_MONOTONIC) - wall;
        if (status != ARGON2_OK) {
            fprintf(stderr, "%s\n", argon2_error_message(status));
            return 1;
        }
        printf("%.3f %.3f ", wall, cpu);
        for (size_t i = 0; i < sizeof output; i++) printf("%02x", output[i]);
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
