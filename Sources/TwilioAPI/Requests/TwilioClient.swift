import FoundationEssentials
public import Support
public import Transfer

/// An account at Twilio: its lists, its resources and the addresses of its media.
///
/// Safe to use from any thread. What waits for the network does so on the caller's thread only where the function says
/// that it blocks.
public final class TwilioClient: Sendable {
    /// The account's SID, `AC…`.
    public let account: SID

    /// Knows the credential of the 2010 API: for voice recordings and subaccounts.
    private let credentials: any CredentialProvider

    /// Knows the credential of the video API; nil when there is none.
    private let videoCredentials: (any CredentialProvider)?
    let endpoints: Endpoints
    let transfer: TransferClient

    /// Bytes of a page, at most: one of a thousand resources has two million.
    private static let pageLimit = 16 << 20

    /// Bytes of a single resource, at most: one has two thousand.
    private static let resourceLimit = 1 << 20

    /// Makes a client; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - account: the account's SID.
    ///   - credentials: knows account SID and auth token, or the SID of an API key (`SK…`) and its secret.
    ///   - endpoints: where the services are.
    ///   - transfer: what carries the requests.
    public convenience init(
        account: SID, credentials: any CredentialProvider, endpoints: Endpoints, transfer: TransferClient
    ) {
        self.init(
            account: account, credentials: credentials, videoCredentials: credentials, endpoints: endpoints,
            transfer: transfer)
    }

    private init(
        account: SID, credentials: any CredentialProvider, videoCredentials: (any CredentialProvider)?,
        endpoints: Endpoints, transfer: TransferClient
    ) {
        self.account = account
        self.credentials = credentials
        self.videoCredentials = videoCredentials
        self.endpoints = endpoints
        self.transfer = transfer
    }

    /// Makes a client for a subaccount of this one's account.
    ///
    /// - Parameters:
    ///   - subaccount: its SID.
    ///   - videoCredentials: knows the subaccount's own credential, which its video asks for: this account's reaches
    ///     its voice recordings only. Without it all that concerns video fails, with code
    ///     ``TwilioError/Code/credentialMissing``.
    public func client(
        forSubaccount subaccount: SID, videoCredentials: (any CredentialProvider)?
    ) -> TwilioClient {
        TwilioClient(
            account: subaccount, credentials: credentials, videoCredentials: videoCredentials, endpoints: endpoints,
            transfer: transfer)
    }

    /// Whether there are credentials for a kind's list and media.
    public func reaches(_ kind: MediaKind) -> Bool {
        kind.traits.service == .api2010 || videoCredentials != nil
    }

    /// Asks for the smallest list there is, to learn whether the credentials are right and Twilio is reached.
    ///
    /// Not for the account itself, which standard API keys may not see. Blocks the calling thread.
    ///
    /// - Throws: ``TwilioError``, with code ``TwilioError/Code/unauthorized`` for wrong credentials, and
    ///   ``TwilioError/Code/malformedAnswer`` for an answer that isn't that list: a captive portal's, for instance.
    public func verifyCredentials(patience: Patience) throws(TwilioError) {
        let address = try apiAddress("/2010-04-01/Accounts/\(account)/Recordings.json?PageSize=1")
        let subject = "the account \(account)"
        let response = try send(Request(address: address, patience: patience), subject: subject)
        let page = try ListPage(response.body, key: "recordings", subject: "the answer for \(subject)") {
            scanner throws(TwilioError) in try Self.accountSID(ofResourceAt: &scanner)
        }
        if let stranger = page.elements.lazy.compactMap(\.self).first(where: { $0 != account }) {
            throw TwilioError(.malformedAnswer, "recordings of \(stranger) were sent where \(account)'s were asked for")
        }
    }

    /// Reads which account the resource at a scanner's position belongs to, and leaves it behind.
    ///
    /// - Returns: nil when it doesn't tell.
    private static func accountSID(ofResourceAt scanner: inout JSONScanner) throws(TwilioError) -> SID? {
        var account: SID?
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            if case .text(let text) = try scanner.value(), name == "account_sid" {
                account = scanner.string(text).flatMap { SID($0) }
            }
            member = try scanner.nextMember()
        }
        return account
    }

    /// Asks for one page of a list.
    ///
    /// - Parameters:
    ///   - kind: which list.
    ///   - interval: which part of it; more may come, see ``CreationInterval``. Of no effect where `next` is given,
    ///     which has its own.
    ///   - size: how many resources at the most; nil for the largest page that the API gives.
    ///   - next: what the page before said follows it; nil for the first page.
    ///   - priority: how urgent it is.
    ///   - completion: called on the transfer thread, or at once when there is no such address: must be quick, and so
    ///     gets the page unread.
    public func page(
        of kind: MediaKind, in interval: CreationInterval = CreationInterval(), size: Int? = nil, next: String? = nil,
        priority: Priority = .background,
        completion: @escaping @Sendable (Result<ListAnswer, TwilioError>) -> Void
    ) {
        let subject = "the list of \(kind.pluralName)"
        let address: Address
        do throws(TwilioError) {
            let target =
                if let next {
                    try PageLink(next, subject: subject).target(
                        path: listAddress(of: kind), endpoint: endpoints.url(of: kind.traits.service))
                } else {
                    firstPage(of: kind, in: interval, size: size)
                }
            address = try self.address(for: kind, target)
        } catch {
            completion(.failure(error))
            return
        }
        transfer.send(Request(address: address, priority: priority, bodyLimit: Self.pageLimit)) { result in
            completion(
                result.mapError { TwilioError($0, subject: subject) }.map { ListAnswer($0, kind: kind) })
        }
    }

    /// Gets a single resource.
    ///
    /// - Parameter completion: called on the transfer thread: must be quick.
    public func resource(
        kind: MediaKind, sid: SID, priority: Priority = .reader,
        completion: @escaping @Sendable (Result<ListedResource, TwilioError>) -> Void
    ) {
        let address: Address
        do throws(TwilioError) {
            let suffix = kind.traits.service.pathSuffix
            address = try self.address(for: kind, "\(listPath(of: kind))/\(sid)\(suffix)")
        } catch {
            completion(.failure(error))
            return
        }
        transfer.send(Request(address: address, priority: priority, bodyLimit: Self.resourceLimit)) { result in
            completion(
                result.mapError { TwilioError($0, subject: "\(sid)") }.flatMap { response in
                    Result { () throws(TwilioError) in
                        let resource = try ListedResource(kind: kind, json: response.body)
                        guard resource.sid == sid else {
                            throw TwilioError(.malformedAnswer, "\(resource.sid) was sent where \(sid) was asked for")
                        }
                        return resource
                    }
                })
        }
    }

    /// The source of addresses from which a recording's media is downloaded.
    ///
    /// - Parameters:
    ///   - channels: as many channels of a voice recording are asked for; nil for as many as Twilio gives by itself,
    ///     which is one of a conference's two.
    ///   - retriesNotFound: whether to ask again when there is none yet: media exists only seconds after it is
    ///     complete.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/invalidConfiguration`` for an address that can't be
    ///   formed.
    public func mediaAddresses(
        of resource: MediaResource, channels: Int64? = nil, retriesNotFound: Bool = false
    ) throws(TwilioError) -> MediaAddressSource {
        let path = "\(listPath(of: resource.kind))/\(resource.sid)"
        switch resource.kind.mediaAccess {
        case .direct:
            let file = "\(path).\(resource.containerFormat)"
            return MediaAddressSource(
                direct: try address(for: resource.kind, file + (channels.map { "?RequestedChannels=\($0)" } ?? "")),
                subject: resource.sid)
        case .redirect:
            // The longest life that an address can be given. It is asked for anew when it was refused anyway.
            return MediaAddressSource(
                resolvedAt: try address(for: resource.kind, "\(path)/Media?Ttl=3600"), subject: resource.sid,
                transfer: transfer, retriesNotFound: retriesNotFound)
        }
    }

    /// Whether an address belongs to Twilio, and not to a bucket of the customer's own.
    public func isTwilioMedia(location: String) -> Bool {
        guard let host = URL(string: location)?.host()?.lowercased() else { return true }
        return host == "twilio.com" || host.hasSuffix(".twilio.com") || host == endpoints.api.host()
            || host == endpoints.video.host()
    }

    /// The path and query of a list's first page.
    private func firstPage(of kind: MediaKind, in interval: CreationInterval, size: Int?) -> String {
        let largest = kind.largestPage
        let fields = interval.queryFields(for: kind) + ["PageSize=\(min(max(size ?? largest, 1), largest))"]
        return "\(listAddress(of: kind))?\(fields.joined(separator: "&"))"
    }

    /// The path of a list's pages.
    private func listAddress(of kind: MediaKind) -> String {
        listPath(of: kind) + kind.traits.service.pathSuffix
    }

    private func listPath(of kind: MediaKind) -> String { kind.traits.listPath(account) }

    private func address(for kind: MediaKind, _ pathAndQuery: String) throws(TwilioError) -> Address {
        guard kind.traits.service != .api2010 else { return try apiAddress(pathAndQuery) }
        guard let videoCredentials else {
            throw TwilioError(
                .credentialMissing,
                "the \(kind.pluralName) of the subaccount \(account) require credentials of its own: "
                    + "give its auth token, or an API key that was made in it")
        }
        return try Self.address(endpoints.video, pathAndQuery, videoCredentials)
    }

    /// An address of the 2010 API.
    func apiAddress(_ pathAndQuery: String) throws(TwilioError) -> Address {
        try Self.address(endpoints.api, pathAndQuery, credentials)
    }

    private static func address(
        _ endpoint: URL, _ pathAndQuery: String, _ credentials: any CredentialProvider
    ) throws(TwilioError) -> Address {
        guard let url = endpoint.appending(pathAndQuery: pathAndQuery) else {
            throw TwilioError(.invalidConfiguration, "\(endpoint)\(ForeignText(pathAndQuery)) is not an address")
        }
        return Address(url: url, credentials: credentials)
    }

    private func send(_ request: Request, subject: String) throws(TwilioError) -> Response {
        do throws(TransferError) {
            return try transfer.sendAndWait(request)
        } catch {
            throw TwilioError(error, subject: subject)
        }
    }
}
