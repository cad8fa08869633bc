import FoundationEssentials
public import Support
public import Transfer

/// An account at Twilio: its lists, its resources and the addresses of its media.
///
/// Any thread may use it. No function blocks the caller's thread unless its documentation says so.
public final class TwilioClient: Sendable {
    /// The account's SID, `AC…`.
    public let account: SID
    /// The credential of the 2010 API: for voice recordings and subaccounts.
    private let credentials: any CredentialProvider
    /// The credential of the video API, if any.
    private let videoCredentials: (any CredentialProvider)?
    let endpoints: Endpoints
    let transfer: TransferClient
    /// The access to media outside of Twilio, if any.
    private let externalMedia: ExternalMedia?

    /// The size limit of a page in bytes: a thousand resources take two million.
    private static let pageLimit = 16 << 20
    /// The size limit of a resource in bytes: one takes two thousand.
    private static let resourceLimit = 1 << 20

    /// Makes a client; sends nothing.
    ///
    /// - Parameters:
    ///   - account: The account's SID.
    ///   - credentials: Provides the credential of both APIs, and sends its own requests by `transfer`.
    ///   - endpoints: The addresses of the services.
    ///   - transfer: The client that carries the requests.
    ///   - externalMedia: The access to media in the customer's own bucket.
    public convenience init(
        account: SID, credentials: any CredentialProvider, endpoints: Endpoints, transfer: TransferClient,
        externalMedia: ExternalMedia? = nil
    ) {
        self.init(
            account: account, credentials: credentials, videoCredentials: credentials, endpoints: endpoints,
            transfer: transfer, externalMedia: externalMedia)
    }

    /// Makes a client that asks for video with other credentials than for everything else; sends nothing.
    ///
    /// - Parameters:
    ///   - videoCredentials: Those for video; nil if there are none: its requests fail.
    public init(
        account: SID, credentials: any CredentialProvider, videoCredentials: (any CredentialProvider)?,
        endpoints: Endpoints, transfer: TransferClient, externalMedia: ExternalMedia?
    ) {
        self.account = account
        self.credentials = credentials
        self.videoCredentials = videoCredentials
        self.endpoints = endpoints
        self.transfer = transfer
        self.externalMedia = externalMedia
        for provider in [credentials, videoCredentials] {
            (provider as? any ConnectedProvider)?.connect(to: transfer)
        }
    }

    /// Makes a client for a subaccount.
    ///
    /// - Parameters:
    ///   - subaccount: The subaccount's SID.
    ///   - videoCredentials: The subaccount's own credential, needed for its video: the account's reaches its voice
    ///     recordings only. Without it, video requests fail with ``TwilioError/Code/credentialMissing``.
    public func client(
        forSubaccount subaccount: SID, videoCredentials: (any CredentialProvider)?
    ) -> TwilioClient {
        TwilioClient(
            account: subaccount, credentials: credentials, videoCredentials: videoCredentials, endpoints: endpoints,
            transfer: transfer, externalMedia: externalMedia)
    }

    /// Whether there are credentials for a kind's list and media.
    public func reaches(_ kind: MediaKind) -> Bool {
        kind.traits.service == .api2010 || videoCredentials != nil
    }

    /// Requests one page of a list.
    ///
    /// - Parameters:
    ///   - kind: The kind of the list.
    ///   - interval: The part of the list, ignored with `next`; Twilio may send more, see ``CreationInterval``.
    ///   - size: The largest number of resources; nil for the API's largest page.
    ///   - next: The link from the preceding page; nil for the first page.
    ///   - priority: The request's urgency.
    ///   - completion: Called on the transfer thread, or at once for an invalid link. It must be quick, so the page is
    ///     unparsed.
    public func page(
        of kind: MediaKind, in interval: CreationInterval = CreationInterval(), size: Int? = nil, next: String? = nil,
        priority: Priority = .background,
        completion: @escaping @Sendable (Result<ListAnswer, TwilioError>) -> Void
    ) {
        let subject = "the list of \(kind.pluralName)"
        let request = Result { () throws(TwilioError) in
            let target =
                if let next {
                    try PageLink.target(
                        of: next, path: listAddress(of: kind), endpoint: endpoints.url(of: kind.traits.service),
                        subject: subject)
                } else {
                    firstPage(of: kind, in: interval, size: size)
                }
            return Request(
                address: try address(for: kind, target), priority: priority, bodyLimit: Self.pageLimit,
                refusal: Self.refusal(of:))
        }
        send(request, subject: subject) { result in
            completion(result.map { ListAnswer(kind: kind, body: $0.body) })
        }
    }

    /// The fault of an answer that can't be a page or a resource, as the end of a sentence; nil if it may be one.
    ///
    /// Such an answer is handled like a status 503: it may be the login page of a proxy or a captive portal.
    private static func refusal(of response: Response) -> String? {
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
        if response.body.first(where: { !isSpace($0) }) == UInt8(ascii: "{") { return nil }
        let type = response.head.headers["Content-Type"].map { " of type \(ForeignText($0))" } ?? ""
        return "sent no JSON object, but \(response.body.isEmpty ? "nothing" : "something else")\(type)"
    }

    /// Gets a single resource; `completion` is called on the transfer thread and must be quick.
    public func resource(
        kind: MediaKind, sid: SID, priority: Priority = .reader,
        completion: @escaping @Sendable (Result<ListedResource, TwilioError>) -> Void
    ) {
        let request = Result { () throws(TwilioError) in
            let address = try address(for: kind, "\(listPath(of: kind))/\(sid)\(kind.traits.service.pathSuffix)")
            return Request(
                address: address, priority: priority, bodyLimit: Self.resourceLimit, refusal: Self.refusal(of:))
        }
        send(request, subject: "\(sid)") { result in
            completion(
                Result { () throws(TwilioError) in
                    let resource = try ListedResource(kind: kind, json: result.get().body)
                    guard resource.sid == sid else {
                        throw TwilioError(.malformedAnswer, "\(resource.sid) was sent where \(sid) was asked for")
                    }
                    return resource
                })
        }
    }

    /// Makes the source of addresses for a recording's media: in the customer's own bucket, where it may be read there,
    /// else at Twilio.
    ///
    /// - Parameters:
    ///   - channels: The requested channels of a voice recording; nil for Twilio's default, which for a conference
    ///     is one of two.
    ///   - retriesNotFound: Whether a request is repeated after a 404: media appears only seconds after its completion.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/invalidConfiguration`` when no address can be formed.
    public func mediaAddresses(
        of resource: MediaResource, channels: Int64? = nil, retriesNotFound: Bool = false
    ) throws(TwilioError) -> any MediaAddresses {
        if let externalMedia, case .object(let object) = externalPlace(of: resource) {
            return ObjectAddresses(of: object, in: externalMedia)
        }
        let path = "\(listPath(of: resource.kind))/\(resource.sid)"
        switch resource.kind.mediaAccess {
        case .direct:
            let file = "\(path).\(resource.containerFormat)"
            return MediaAddressSource(
                at: try address(for: resource.kind, file + (channels.map { "?RequestedChannels=\($0)" } ?? "")),
                subject: resource.sid)
        case .redirect:
            // The longest lifetime that Twilio grants. A refused address is replaced anyway.
            return MediaAddressSource(
                at: try address(for: resource.kind, "\(path)/Media?Ttl=3600"), subject: resource.sid,
                resolver: transfer, retriesNotFound: retriesNotFound)
        }
    }

    /// Whether a recording's media is read from the customer's own bucket.
    public func readsElsewhere(_ resource: MediaResource) -> Bool {
        if case .object = externalPlace(of: resource) { true } else { false }
    }

    /// The reason why media outside of Twilio isn't read there, as the end of a sentence; nil when it is, and for
    /// Twilio's media.
    public func externalMediaIssue(of resource: MediaResource) -> String? {
        if case .unreachable(let reason) = externalPlace(of: resource) { reason } else { nil }
    }

    /// The place of media outside of Twilio; nil for media at Twilio.
    private func externalPlace(of resource: MediaResource) -> ExternalMedia.Place? {
        guard let externalMedia, let location = resource.mediaLocation, !isTwilioMedia(location: location) else {
            return nil
        }
        return externalMedia.place(of: location)
    }

    /// Whether an address belongs to Twilio, not to the customer's own bucket.
    public func isTwilioMedia(location: String) -> Bool {
        guard let url = URL(string: location), let host = url.host()?.lowercased() else { return true }
        // A bucket's name stands there, and may be any.
        guard url.scheme?.lowercased() != "s3" else { return false }
        return host == "twilio.com" || host.hasSuffix(".twilio.com")
            || [endpoints.api, endpoints.video].contains { $0.host() == host && $0.port == url.port }
    }

    /// The path and query of a list's first page.
    private func firstPage(of kind: MediaKind, in interval: CreationInterval, size: Int?) -> String {
        let largest = kind.largestPage
        let fields = interval.queryFields(for: kind) + ["PageSize=\(min(max(size ?? largest, 1), largest))"]
        return "\(listAddress(of: kind))?\(fields.joined(separator: "&"))"
    }

    /// The path of a list's pages.
    func listAddress(of kind: MediaKind) -> String {
        listPath(of: kind) + kind.traits.service.pathSuffix
    }

    private func listPath(of kind: MediaKind) -> String { kind.traits.listPath(account) }

    /// An address of the API that serves a kind, with its credential.
    func address(for kind: MediaKind, _ pathAndQuery: String) throws(TwilioError) -> Address {
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

    /// Sends a request that could be made.
    ///
    /// - Parameter completion: Called on the transfer thread, or at once when the request couldn't be made.
    func send(
        _ request: Result<Request, TwilioError>, subject: String,
        completion: @escaping @Sendable (Result<Response, TwilioError>) -> Void
    ) {
        switch request {
        case .success(let request):
            transfer.send(request) { result in completion(result.mapError { TwilioError($0, subject: subject) }) }
        case .failure(let error): completion(.failure(error))
        }
    }
}
