import Glibc

/// The descriptors that a shell opens for process substitution: the pipe of `--key <(…)` is the file `/dev/fd/63`.
enum SecretDescriptors {
    private static let folders = ["/dev/fd/", "/proc/self/fd/"]

    /// The descriptors that some of these paths name, except the standard ones.
    static func named(in paths: [String]) -> Set<Int32> {
        Set(
            paths.compactMap { path in
                folders.lazy.filter(path.hasPrefix).compactMap { Int32(path.dropFirst($0.count)) }.first
            }.filter { $0 > STDERR_FILENO })
    }
}

extension MountCommand {
    /// The paths of the files with secrets on the command line.
    var secretFiles: [String] {
        [
            account.authTokenFile, account.apiSecretFile, account.clientSecretFile, keys.keyPassphraseFile,
            subaccounts.videoCredentials, subaccounts.subaccountCredentials,
        ].compactMap(\.self) + keys.files.map { PrivateKeys.split($0).path }
            + account.signingKeys.map { SigningKeys.split($0).path }
    }
}
