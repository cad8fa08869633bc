import Glibc

/// Descriptors that the command line names as files with secrets: those of a shell's process substitution, `<(…)`.
enum SecretDescriptors {
    private static let folders = ["/dev/fd/", "/proc/self/fd/"]

    /// The descriptors that are among paths, but for the standard ones.
    static func named(in paths: [String]) -> Set<Int32> {
        Set(
            paths.compactMap { path in
                folders.lazy.filter(path.hasPrefix).compactMap { Int32(path.dropFirst($0.count)) }.first
            }.filter { $0 > STDERR_FILENO })
    }
}

extension MountCommand {
    /// The files with secrets that were named.
    var secretFiles: [String] {
        [account.authTokenFile, account.apiSecretFile, keyPassphraseFile, subaccounts.subaccountCredentials]
            .compactMap(\.self) + keys.map { PrivateKeys.split($0).path }
    }
}
