import Credentials
import Envelope
import Glibc
import KeyProcess
import Support
import Transfer
import TwilioAPI

/// The private keys that sign requests, by the account whose API key sends them; read again when their files change.
struct SigningKeys {
    /// What one file holds.
    private struct Key: Equatable, Sendable {
        let signer: RequestSigner
        let fingerprint: String
        /// Whether the process that held it has ended.
        let isLost: @Sendable () -> Bool

        static func == (one: Key, other: Key) -> Bool {
            one.fingerprint == other.fingerprint && one.signer.publicKeySID == other.signer.publicKeySID
        }
    }

    private let keys: [SID: FileValue<Key>]
    private let rereading: Rereading?

    /// Reads the keys of arguments `[AC…:][CR…=]FILE`.
    ///
    /// - Parameters:
    ///   - account: The account of the arguments that name none.
    ///   - known: The SIDs of the keys of `--key`, by fingerprint. If one of them is given with its
    ///     public key's SID, a signing key of the same pair needs none. Nothing else tells the SID: Twilio's list of
    ///     public keys hasn't the keys themselves, and an account that demands signatures refuses the list without one.
    ///   - reader: Reads them, with the same passphrase.
    init(
        _ arguments: [String], account: SID, known: [String: Set<String>], reader: inout PrivateKeys
    ) throws(Failure) {
        var keys: [SID: FileValue<Key>] = [:]
        let (secrets, later) = (reader.secrets, reader.later)
        for argument in arguments {
            let (owner, sid, given) = Self.split(argument)
            guard !given.isEmpty else {
                throw Failure(
                    .configuration, "--signing-key '\(argument)' names no file: the form is [AC…:][CR…=]FILE")
            }
            let path = CacheFolder.absolute(secrets.file(named: given))
            let account = owner ?? account
            let key = try secrets.keyValue("signing key", in: path) { former, new in
                guard let sid, former.fingerprint != new.fingerprint else { return }
                throw Failure(
                    .privateKey,
                    "it has another key, which can't belong to \(sid): write the SID of its public key into the first"
                        + " line of the file and mount again with --signing-key \(path.shellWord)")
            } isLost: {
                $0.isLost()
            } expect: {
                reader.expect(path, for: .signing)
            } first: { () throws(Failure) in
                try Self.key(path, sid, account, known, &reader)
            } later: { () throws(Failure) in
                var reader = later
                return try Self.key(path, sid, account, known, &reader)
            }
            guard keys.updateValue(key, forKey: account) == nil else {
                throw Failure(.configuration, "--signing-key is given twice for \(account): give it once")
            }
        }
        self.keys = keys
        rereading = secrets.rereading
    }

    /// Names the files whose keys are lost, since the process that held them has ended.
    var lost: @Sendable () -> [String] {
        { [keys] in keys.values.filter(\.isLost).map(\.name).sorted() }
    }

    /// Splits `[AC…:][CR…=]FILE`; any other text is a file, also with a colon or an equals sign.
    static func split(_ argument: String) -> (account: SID?, publicKey: SID?, path: String) {
        var rest = argument[...]
        func take(_ prefix: String, until separator: Character) -> SID? {
            guard let end = rest.firstIndex(of: separator), let sid = SID(rest[..<end]), sid.prefix == prefix else {
                return nil
            }
            rest = rest[rest.index(after: end)...]
            return sid
        }
        let account = take("AC", until: ":")
        let publicKey = take("CR", until: "=")
        return (account, publicKey, String(rest))
    }

    /// The providers of a mount whose requests are signed as far as there are keys.
    struct Signed {
        /// The account's.
        let main: any CredentialProvider
        /// The account's for video; nil if that is the same.
        let video: (any CredentialProvider)?
        /// Those with the subaccounts' own credentials.
        let subaccounts: [SID: any CredentialProvider]?
    }

    /// Has requests signed, the account's and those with subaccounts' own credentials, as far as there are keys.
    func sign(_ account: AccountConfiguration, _ kinds: KindCredentials) throws(Failure) -> Signed {
        let others = kinds.subaccounts ?? [:]
        if let stranger = Set(keys.keys).subtracting([account.account]).subtracting(others.keys).min() {
            throw Failure(
                .configuration,
                "--signing-key names \(stranger), of which there are no credentials: name them in the file of"
                    + " --subaccount-credentials")
        }
        var signed: [SID: any CredentialProvider] = [:]
        for (subaccount, provider) in others {
            signed[subaccount] = try sign(
                [(provider, Self.inFile("--subaccount-credentials"))], of: subaccount, at: account.endpoints)[0]
        }
        let own = try sign(
            [(account.credentials, Self.ownKey)]
                + [kinds.video].compactMap(\.self).map { ($0, Self.inFile("--video-credentials")) },
            of: account.account, at: account.endpoints)
        return Signed(
            main: own[0], video: kinds.video == nil ? nil : own.last,
            subaccounts: kinds.subaccounts == nil ? nil : signed)
    }

    /// Has a provider's requests signed if there is a key for its account.
    func sign(
        _ provider: any CredentialProvider, of account: SID, at endpoints: Endpoints
    ) throws(Failure) -> any CredentialProvider { try sign([(provider, Self.ownKey)], of: account, at: endpoints)[0] }

    /// What to do when the account's own credential is no API key.
    private static let ownKey = "give --api-key and --api-secret-file instead of other credentials"

    /// What to do when a credential in the file of an option is no API key.
    private static func inFile(_ option: String) -> String { "give the API key in the file of \(option)" }

    /// Has an account's providers' requests signed if there is a key for it.
    ///
    /// - Parameter providers: Each with what to do when it provides anything else than an API key.
    private func sign(
        _ providers: [(provider: any CredentialProvider, remedy: String)], of account: SID, at endpoints: Endpoints
    ) throws(Failure) -> [any CredentialProvider] {
        guard let key = keys[account] else { return providers.map(\.provider) }
        var signing: [ClientValidation] = []
        for (provider, remedy) in providers {
            guard
                case .basic(let credential) = provider.authorization(
                    for: OutgoingRequest(method: .get, url: endpoints.api)),
                SID(credential.username)?.prefix == "SK"
            else {
                throw Failure(
                    .configuration, "--signing-key signs requests with an API key of \(account) only: \(remedy)")
            }
            signing.append(
                ClientValidation(
                    provider, signer: key.current.signer, endpoints: endpoints,
                    rereading: rereading.map { (by: $0, source: key) }))
        }
        // The providers keep the key, which mustn't keep them.
        let uses: [@Sendable (RequestSigner) -> Void] = signing.map { provider in
            { [weak provider] signer in provider?.use(signer) }
        }
        key.whenChanged { [weak key] in
            guard let signer = key?.current.signer else { return }
            for use in uses { use(signer) }
        }
        return signing
    }

    /// Reads a key, and finds its public key's SID: that of the argument, or what stands alone in a line of the file.
    private static func key(
        _ path: String, _ sid: SID?, _ account: SID, _ known: [String: Set<String>], _ reader: inout PrivateKeys
    ) throws(Failure) -> Key {
        // Later, this process may not look for the file.
        if reader.mayAsk, access(path, F_OK) != 0, errno == ENOENT, path.contains(where: { $0 == "=" || $0 == ":" }) {
            throw Failure(.privateKey, "there is no signing key '\(path)'; the form is [AC…:][CR…=]FILE")
        }
        let what = "signing key"
        let contents = try reader.contents(of: path, what: what, for: .signing)
        guard contents.keys.count == 1, let key = contents.keys.first else {
            throw Failure(
                .privateKey,
                "'\(path)' has \(contents.keys.count) private keys: give a file with the signing key alone")
        }
        let written = contents.publicKeySID.flatMap { SID($0) }
        if let sid, let written, sid != written {
            throw Failure(
                .privateKey,
                "--signing-key says that the key in '\(path)' belongs to \(sid), and the file says \(written): leave"
                    + " out the wrong one")
        }
        let fingerprint = key.publicKeyFingerprint
        let sids = known[fingerprint] ?? []
        guard let sid = sid ?? written ?? (sids.count == 1 ? sids.first.flatMap { SID($0) } : nil) else {
            throw Failure(
                .privateKey,
                "the SID of the public key that belongs to the signing key '\(path)' is needed: give"
                    + " --signing-key CR…=\(path.shellWord); the Console shows it under Credentials, Public Keys")
        }
        return Key(
            signer: RequestSigner(account: account, publicKeySID: sid, key: key), fingerprint: fingerprint,
            isLost: { !key.isAvailable })
    }
}
