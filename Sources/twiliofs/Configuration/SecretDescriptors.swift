import Glibc

/// The descriptors of a shell's process substitution, `<(…)`, as files with secrets.
enum SecretDescriptors {
    private static let folders = ["/dev/fd/", "/proc/self/fd/"]

    /// The descriptors among paths, except the standard ones.
    static func named(in paths: [String]) -> Set<Int32> {
        Set(
            paths.compactMap { path in
                folders.lazy.filter(path.hasPrefix).compactMap { Int32(path.dropFirst($0.count)) }.first
            }.filter { $0 > STDERR_FILENO })
    }
}

extension MountCommand {
    /// The command line's files with secrets.
    var secretFiles: [String] {
        [account.authTokenFile, account.apiSecretFile, keyPassphraseFile, subaccounts.subaccountCredentials]
            .compactMap(\.self) + keys.map { PrivateKeys.split($0).path }
    }
}
