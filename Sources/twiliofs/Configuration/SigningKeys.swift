import Credentials
import Envelope
import Glibc
import Support
import Transfer
import TwilioAPI

/// The private keys that sign requests, by the account whose API key sends them.
struct SigningKeys {
    private let signers: [SID: RequestSigner]

    /// Reads the keys of arguments `[AC…:][CR…=]FILE`.
    ///
    /// - Parameters:
    ///   - account: The account of the arguments that name none.
    ///   - keys: The keys of `--key`. If one of them is given with its public key's SID, a signing key of the same pair
    ///     needs none. Nothing else tells the SID: Twilio's list of public keys hasn't the keys themselves, and an
    ///     account that demands signatures refuses the list without one.
    ///   - reader: Reads them, with the same passphrase.
    init(_ arguments: [String], account: SID, keys: KeyRing, reader: inout PrivateKeys) throws(Failure) {
        var signers: [SID: RequestSigner] = [:]
        for argument in arguments {
            let (owner, sid, path) = Self.split(argument)
            let key = try Self.key(path, &reader)
            let known = keys.publicKeySIDs(fingerprint: key.publicKeyFingerprint)
            guard let sid = sid ?? (known.count == 1 ? known.first.flatMap { SID($0) } : nil) else {
                throw Failure(
                    .privateKey,
                    "the SID of the public key that belongs to the signing key '\(path)' is needed: give"
                        + " --signing-key CR…=\(path.shellWord); the Console shows it under Credentials, Public Keys")
            }
            let signer = RequestSigner(account: owner ?? account, publicKeySID: sid, key: key)
            guard signers.updateValue(signer, forKey: signer.account) == nil else {
                throw Failure(.configuration, "--signing-key is given twice for \(signer.account): give it once")
            }
        }
        self.signers = signers
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

    /// Has requests signed, the account's and those with subaccounts' own credentials, as far as there are keys.
    func sign(
        _ account: AccountConfiguration, subaccounts: [SID: Credential]?
    ) throws(Failure) -> (main: any CredentialProvider, subaccounts: [SID: any CredentialProvider]?) {
        if let stranger = Set(signers.keys).subtracting([account.account]).subtracting((subaccounts ?? [:]).keys).min()
        {
            throw Failure(
                .configuration,
                "--signing-key names \(stranger), of which there are no credentials: name them in the file of"
                    + " --subaccount-credentials")
        }
        var signed: [SID: any CredentialProvider]? = subaccounts == nil ? nil : [:]
        for (subaccount, credential) in subaccounts ?? [:] {
            signed?[subaccount] = try sign(FixedCredential(credential), of: subaccount, at: account.endpoints)
        }
        return (try sign(account.credentials, of: account.account, at: account.endpoints), signed)
    }

    /// Has a provider's requests signed if there is a key for its account.
    ///
    /// - Throws: ``Failure`` when it provides anything else than an API key.
    func sign(
        _ provider: any CredentialProvider, of account: SID, at endpoints: Endpoints
    ) throws(Failure) -> any CredentialProvider {
        guard let signer = signers[account] else { return provider }
        guard
            case .basic(let credential) = provider.authorization(for: OutgoingRequest(method: .get, url: endpoints.api)),
            SID(credential.username)?.prefix == "SK"
        else {
            throw Failure(
                .configuration,
                "--signing-key needs an API key of \(account): give --api-key and --api-secret-file, or, for a"
                    + " subaccount, its API key in the file of --subaccount-credentials")
        }
        return ClientValidation(provider, signer: signer, endpoints: endpoints)
    }

    private static func key(_ path: String, _ reader: inout PrivateKeys) throws(Failure) -> PrivateKey {
        if access(path, F_OK) != 0, errno == ENOENT, path.contains(where: { $0 == "=" || $0 == ":" }) {
            throw Failure(.privateKey, "there is no signing key '\(path)'; the form is [AC…:][CR…=]FILE")
        }
        let keys = try reader.keys(of: path, what: "signing key")
        guard keys.count == 1, let key = keys.first?.key else {
            throw Failure(
                .privateKey, "'\(path)' has \(keys.count) private keys: give a file with the signing key alone")
        }
        return key
    }
}
