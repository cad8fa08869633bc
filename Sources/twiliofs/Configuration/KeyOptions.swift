import ArgumentParser

/// The options for private keys.
struct KeyOptions: ParsableArguments {
    @Option(
        name: .customLong("key"),
        help: .value(
            "[voice:|video:][CR…=]file",
            "A private key (PEM), optionally for one kind or for the public key with this SID. Repeatable."))
    var files: [String] = []

    @Option(help: .value("file", "A file with the passphrase of the encrypted private keys."))
    var keyPassphraseFile: String?

    @Flag(name: .customLong("no-key"), help: "Mount without a private key; encrypted files can't be opened.")
    var isWithoutKey = false
}
