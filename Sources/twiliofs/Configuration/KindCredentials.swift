import Credentials
import Support
import Transfer
import TwilioAPI

/// The credentials with which accounts are asked for video, as far as they aren't those of everything else.
struct KindCredentials {
    /// Those of the mounted account; nil if it is asked for video as for everything else.
    let video: (any CredentialProvider)?
    /// The subaccounts' own, by SID; nil if no subaccounts are mounted.
    let subaccounts: [SID: any CredentialProvider]?

    init(video: (any CredentialProvider)?, subaccounts: [SID: any CredentialProvider]?) {
        self.video = video
        self.subaccounts = subaccounts
    }

    /// Reads the files of `--video-credentials` and `--subaccount-credentials`.
    ///
    /// - Parameter account: The mounted account.
    init(
        _ options: SubaccountOptions, account: SID, secrets: SecretReader = SecretReader()
    ) throws(Failure) {
        if options.subaccountCredentials != nil, !options.subaccounts {
            throw Failure(
                .configuration,
                "--subaccount-credentials requires --subaccounts, without which no subaccounts are mounted")
        }
        var video = try options.videoCredentials.map { (file) throws(Failure) in
            try Self.providers("credentials of video", of: .account, in: file, secrets)
        }
        self.video = video?.removeValue(forKey: account)
        if let file = options.videoCredentials, self.video == nil, !options.subaccounts || video?.isEmpty != false {
            throw Failure(
                .credentials,
                "the file '\(file)' of --video-credentials has no line for the account \(account): add one")
        }
        guard options.subaccounts else {
            // Lines for other accounts serve other mounts.
            subaccounts = nil
            return
        }
        let own = try options.subaccountCredentials.map { (file) throws(Failure) in
            try Self.providers("credentials of subaccounts", of: .subaccount, in: file, secrets)
        }
        if let twice = own?.keys.filter({ video?[$0] != nil }).min() {
            throw Failure(
                .configuration,
                "--video-credentials and --subaccount-credentials both name \(twice): leave its line in one of them")
        }
        subaccounts = (own ?? [:]).merging(video ?? [:]) { own, _ in own }
    }

    /// Reads a file, and again when it changes; accounts that are added to it later are ignored.
    private static func providers(
        _ what: String, of owner: CredentialList.Owner, in file: String, _ secrets: SecretReader
    ) throws(Failure) -> [SID: any CredentialProvider] {
        let check: @Sendable ([SID: Credential], [SID: Credential]) throws -> Void = { former, new in
            if let lost = former.keys.filter({ new[$0] == nil }).min() {
                throw Failure(.credentials, "it has no line for \(lost) any more")
            }
        }
        let value = try secrets.value("list of \(what)", in: file, check: check) { (reader, path) throws(Failure) in
            try CredentialList.read(path, what: what, of: owner, secrets: reader)
        }
        let first = value.current
        var providers: [SID: any CredentialProvider] = [:]
        for (account, credential) in first {
            providers[account] = secrets.provider(of: value) { $0[account] ?? credential }
        }
        return providers
    }
}
