import Credentials
import Envelope
import Logging
import MountRuntime
import Support
import TwilioAPI

/// What a mount reads from secret files: the account's credentials, the private keys, and the keys of a bucket.
struct MountSecrets {
    let account: AccountConfiguration
    let credentials: SigningKeys.Signed
    let externalMedia: ExternalMedia?

    /// The files of private keys; nil for a mount without.
    private let keys: KeyFiles?

    init(
        _ accountOptions: AccountOptions, _ keyOptions: KeyOptions, _ subaccounts: SubaccountOptions,
        _ external: ExternalMediaOptions, environment: Environment, secrets: SecretReader, logger: Logger
    ) throws {
        account = try AccountConfiguration(accountOptions, environment: environment, secrets: secrets, logger: logger)
        var reader = PrivateKeys(secrets: secrets, passphraseFile: keyOptions.keyPassphraseFile)
        keys = try Self.keys(keyOptions, &reader)
        credentials = try SigningKeys(
            accountOptions.signingKeys, account: account.account, keys: keys?.ring ?? KeyRing([]), reader: &reader
        ).sign(account, KindCredentials(subaccounts, account: account.account, secrets: secrets))
        externalMedia = try external.access(environment: environment, secrets: secrets)
    }

    /// The private keys as first read.
    var ring: KeyRing { keys?.ring ?? KeyRing([]) }

    private static func keys(_ options: KeyOptions, _ reader: inout PrivateKeys) throws(Failure) -> KeyFiles? {
        if options.isWithoutKey {
            guard options.files.isEmpty else {
                throw Failure(.configuration, "give either --key or --no-key, not both")
            }
            return nil
        }
        guard !options.files.isEmpty else {
            throw Failure(
                .privateKey,
                "no private key was given: name its file with --key, or give --no-key to mount without; encrypted files"
                    + " can't be opened then")
        }
        if SecureHeap.initialize() != .locked {
            reader.secrets.warn(
                "private keys are in memory that may be swapped out: raise the limit 'memlock' (ulimit -l)")
        }
        return try KeyFiles(options.files, reader: &reader)
    }

    /// Has a mount follow changes of the files, for which it also looks when a list is refused or a key is missing.
    ///
    /// The files are followed as long as this value is kept.
    func follow(in mount: AccountMount, by rereading: Rereading) {
        rereading.whenChanged(mount.credentialsDidChange)
        mount.lookForNewCredentials { completion in rereading.readIfChanged(completion: completion) }
        guard let keys else { return }
        keys.whenChanged(mount.replacingKeys)
        mount.lookForMissingKeys { [weak keys] completion in
            guard let keys else { return completion(false) }
            keys.readIfChanged(by: rereading, completion: completion)
        }
    }
}
