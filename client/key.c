/* aims key: the 32 bytes that are an identity. */

#include <stdio.h>

#include "base/encode.h"
#include "client/commands.h"
#include "client/file.h"
#include "client/options.h"
#include "crypto/keys.h"
#include "formats/json.h"

static void print_key(const struct options *options, const struct keys *keys)
{
    const struct keys_public *public = keys_public(keys);
    char keyid[KEYS_KEYID_SIZE];
    char signing[HEX_SIZE(KEYS_PUBLIC_SIZE)];
    char sealing[HEX_SIZE(KEYS_PUBLIC_SIZE)];
    char transport[HEX_SIZE(KEYS_PUBLIC_SIZE)];

    keys_keyid(public->signing, keyid);
    encode_hex(bytes_of(public->signing, KEYS_PUBLIC_SIZE), signing);
    encode_hex(bytes_of(public->sealing, KEYS_PUBLIC_SIZE), sealing);
    encode_hex(bytes_of(public->transport, KEYS_PUBLIC_SIZE), transport);
    if (options->is_json) {
        struct json *json = json_object();

        json_set(json, "keyid", json_text(keyid));
        json_set(json, "signing", json_text(signing));
        json_set(json, "sealing", json_text(sealing));
        json_set(json, "transport", json_text(transport));
        file_print_json(json);
        return;
    }
    printf("keyid      %s\nsigning    %s\nsealing    %s\ntransport  %s\n", keyid, signing, sealing,
           transport);
}

static bool run_create(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct keys *keys = NULL;

    (void)exit;
    if (!keys_create(options->arguments[0], &keys, error)) {
        return false;
    }
    print_key(options, keys);
    fprintf(stderr,
            "aims: '%s' is the identity itself: keep a copy where nobody else can read it\n",
            options->arguments[0]);
    keys_destroy(keys);
    return true;
}

static bool run_show(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct keys *keys = NULL;

    (void)exit;
    if (!keys_open(options->arguments[0], &keys, error)) {
        return false;
    }
    print_key(options, keys);
    keys_destroy(keys);
    return true;
}

static const struct command_option no_options[] = {{NULL, 0, false, NULL, NULL}};

const struct command key_create_command = {
    .name = "key create",
    .summary = "make a key: a seed file that only its owner may read",
    .arguments = "FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims key create org.seed\n",
    .options = no_options,
    .run = run_create,
};

const struct command key_show_command = {
    .name = "key show",
    .summary = "print the public half of a key",
    .arguments = "FILE",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims key show org.seed\n  aims key show org.seed --json\n",
    .options = no_options,
    .run = run_show,
};
