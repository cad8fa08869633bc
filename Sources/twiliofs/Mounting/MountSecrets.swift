import Credentials
import Envelope
import KeyProcess
import Logging
import MountRuntime
import Support
import TwilioAPI

/// What a mount reads from secret files: the account's credentials, the private keys, and the keys of a bucket.
struct MountSecrets {
    let account: AccountConfiguration
    let credentials: SigningKeys.Signed
    let externalMedia: ExternalMedia?

    /// Names the files whose keys are lost, since the process that held them has ended.
    let lostKeys: @Sendable () -> [String]

    /// The files of private keys; nil for a mount without.
    private let keys: KeyFiles?

    init(
        _ accountOptions: AccountOptions, _ keyOptions: KeyOptions, _ subaccounts: SubaccountOptions,
        _ external: ExternalMediaOptions, environment: Environment, secrets: SecretReader,
        keyProcesses: KeyProcesses, logger: Logger
    ) throws {
        account = try AccountConfiguration(accountOptions, environment: environment, secrets: secrets, logger: logger)
        let passphraseFile = keyOptions.keyPassphraseFile
        let process = keyProcesses.takeFirst()
        var reader =
            process.map {
                PrivateKeys(secrets: secrets, passphraseFile: passphraseFile, by: $0, later: keyProcesses)
            } ?? PrivateKeys(secrets: secrets, passphraseFile: passphraseFile)
        if let process { try Failure.ofKeyProcess { () throws(KeyFileFailure) in try process.use(reader.settings) } }
        let keys = try Self.keys(keyOptions, &reader)
        let signingKeys = try SigningKeys(
            accountOptions.signingKeys, account: account.account, known: keys?.ring.publicKeySIDs ?? [:],
            reader: &reader)
        credentials = try signingKeys.sign(
            account, KindCredentials(subaccounts, account: account.account, secrets: secrets))
        lostKeys = { [weak keys, lost = signingKeys.lost] in (keys?.lost ?? []) + lost() }
        self.keys = keys
        if let process { try Self.confine(process, secrets.warn) }
        externalMedia = try external.access(environment: environment, secrets: secrets)
    }

    /// Has the key process give up all that it doesn't need, and warns of what the system doesn't allow.
    private static func confine(_ process: KeyProcess, _ warn: (String) -> Void) throws(Failure) {
        let confinement = try Failure.ofKeyProcess { () throws(KeyFileFailure) in try process.confine() }
        if !confinement.isMemoryLocked || SecureHeap.initialize() != .locked {
            warn("private keys are in memory that may be swapped out: raise the limit 'memlock' (ulimit -l)")
        }
        if !confinement.isFiltered {
            warn("the process that holds the private keys may make every system call: this kernel has no seccomp")
        }
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
