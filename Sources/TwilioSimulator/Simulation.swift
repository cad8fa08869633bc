import Support

/// Is all that is simulated: the accounts, how the services behave, and what they were asked.
///
/// There is one lock here and one in each account, held for moments and never while something is sealed, read, rendered
/// or sent; nothing holds two.
final class Simulation: Sendable {
    /// What concerns all accounts and changes while the simulator runs.
    struct State: Sendable {
        var behaviour: Behaviour
        /// The secret of the OAuth client.
        var clientSecret: String
        var faults = FaultTable()
        /// The credentials that reach a part of an account.
        var keys = KeyTable()
        var log = RequestLog()
        var tokens = OAuthTokens()
        /// The API requests in progress.
        var inProgress = 0
    }

    /// The account that owns the others.
    let main: SimulatedAccount
    /// The accounts that the main one owns, oldest first.
    let subaccounts: [SimulatedAccount]
    /// The state; see the type about what may happen under the lock.
    let state: Locked<State>
    /// The account's name and keys.
    let credentials: SimulatedCredentials

    /// All accounts, oldest first.
    var accounts: [SimulatedAccount] { [main] + subaccounts }

    /// Makes the accounts with the media of their folders.
    ///
    /// - Parameter mediaURL: the base of the media host.
    /// - Throws: `SimulatorError` when a file can't be read or a key is unusable.
    init(
        _ configuration: SimulatorConfiguration, store: MediaStore, mediaURL: String
    ) throws(SimulatorError) {
        credentials = configuration.credentials
        let presigned = PresignedAddress(base: mediaURL, secret: try randomBytes(32))
        let keys = try Self.publicKeys(configuration)
        var initial = AccountState(generated: try Self.generatedRecordings(configuration, key: keys.first))
        initial.publicKeys = keys
        main = SimulatedAccount(configuration.credentials, store: store, presigned: presigned, state: initial)
        var subaccounts: [SimulatedAccount] = []
        for (index, description) in configuration.subaccounts.enumerated() {
            let sid = description.sid
            guard sid != main.sid, !subaccounts.contains(where: { $0.sid == sid }) else {
                throw SimulatorError(.input, "Two accounts have the SID \(sid); give each another")
            }
            var initial = AccountState(generated: nil)
            initial.publicKeys = keys
            initial.status = description.status
            subaccounts.append(
                SimulatedAccount(
                    description, number: index, owner: main.sid, store: store, presigned: presigned, state: initial))
        }
        self.subaccounts = subaccounts
        state = Locked(
            State(
                behaviour: configuration.behaviour, clientSecret: configuration.credentials.clientSecret,
                keys: KeyTable(configuration.keys)))
        if let path = configuration.mediaFolder { try main.addMedia(of: path) }
        for (account, description) in zip(subaccounts, configuration.subaccounts) {
            if let path = description.mediaFolder { try account.addMedia(of: path) }
        }
    }

    private static func publicKeys(
        _ configuration: SimulatorConfiguration
    ) throws(SimulatorError) -> [AccountState.PublicKey] {
        var keys: [AccountState.PublicKey] = []
        for (index, description) in configuration.publicKeys.enumerated() {
            guard isSID(description.sid, prefix: "CR") else {
                throw SimulatorError(.input, "\(description.sid) is no SID of a public key; give CR and 32 digits")
            }
            keys.append(
                AccountState.PublicKey(
                    sid: description.sid, friendlyName: "Key \(index + 1)", created: .now,
                    key: try RecipientKey(pem: Array(description.pem.utf8))))
        }
        return keys
    }

    private static func generatedRecordings(
        _ configuration: SimulatorConfiguration, key: AccountState.PublicKey?
    ) throws(SimulatorError) -> GeneratedRecordings? {
        guard configuration.generatedRecordings > 0 else { return nil }
        guard let key else {
            throw SimulatorError(.input, "Generated recordings need a public key to be sealed for; give one")
        }
        return try GeneratedRecordings(
            count: configuration.generatedRecordings, newest: Instant.now.startOfDay, publicKeySID: key.sid,
            key: key.key, envelopes: configuration.generatedEnvelopes)
    }

    /// Gives the account with a SID, whatever its status.
    func account(sid: String) -> SimulatedAccount? {
        accounts.first { $0.sid == sid }
    }

    /// Gives the account with a SID, or the main one.
    ///
    /// - Throws: `SimulatorError` with code `unknownResource` when there is none with that SID.
    func account(named sid: String?) throws(SimulatorError) -> SimulatedAccount {
        guard let sid else { return main }
        guard let account = account(sid: sid) else {
            throw SimulatorError(.unknownResource, "There is no account \(sid); give the SID of one that there is")
        }
        return account
    }

    /// Gives the account that a request's credentials open, if they do.
    func caller(of request: SimulatedRequest) -> SimulatedAccount? {
        if let token = request.bearerToken { return holder(of: token, in: request) }
        guard let login = request.login else { return nil }
        if let key = state.withLock({ $0.keys.key(openedBy: login) }) {
            let owner = key.account.map(account(sid:)) ?? main
            return owner?.status == .active ? owner : nil
        }
        return accounts.first { $0.isOpened(by: login) && $0.status == .active }
    }

    /// Gives the account that an OAuth token opens, if the service that the request is for accepts it.
    private func holder(of token: String, in request: SimulatedRequest) -> SimulatedAccount? {
        let isAccepted = state.withLock { state in
            let isVoice = request.path.hasPrefix("/2010-04-01/")
            let isAccepting =
                switch state.behaviour.bearerAcceptance {
                case .all: true
                case .voice: isVoice
                case .video: !isVoice
                case .none: false
                }
            return isAccepting && state.tokens.accepts(token, now: .now)
        }
        return isAccepted && main.status == .active ? main : nil
    }
}
