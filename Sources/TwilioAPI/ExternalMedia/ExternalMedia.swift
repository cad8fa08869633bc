public import FoundationEssentials
public import Support
import Transfer

/// Media outside of Twilio: which servers may be asked for it, and with which credentials.
///
/// A customer can have Twilio store media in a bucket of their own, in Amazon's S3. The resource then has the object's
/// address, and Twilio keeps no copy. The address comes from a server, so only these are asked: Amazon's S3
/// servers, the server that was named instead, and hosts that were allowed by name. No Twilio credential is sent
/// there, and no signature of AWS is sent elsewhere.
public final class ExternalMedia: Sendable {
    /// The servers that may be asked.
    public struct Rules: Sendable {
        /// Whether no server may be asked.
        public var isDenied = false
        /// The hosts that may be asked besides Amazon's.
        public var hosts: [HostPattern] = []
        /// The server to ask instead of Amazon's.
        public var endpoint: URL?

        /// Allows Amazon's servers.
        public init() {}
    }

    /// Whether the media at a resource's address is read.
    enum Place {
        /// The media is read from there.
        case object(BucketObject)
        /// It can't be read, for a reason with its remedy: the end of a sentence.
        case unreachable(String)
    }

    /// The most buckets whose region is remembered: their names come from a server.
    private static let regionLimit = 1000
    /// The region of servers that have none: what their makers document, and the AWS tools use.
    private static let usualRegion = "us-east-1"

    private let rules: Rules
    /// The beginning of the endpoint's address, without a slash at its end.
    private let endpoint: (base: String, location: ForeignLocation)?
    private let credentials: any BucketCredentials
    /// The regions of buckets that turned out to be in another than their address names.
    private let regions = Locked<[String: String]>([:])

    /// Makes the access.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/invalidConfiguration`` for an unusable endpoint.
    public init(_ rules: Rules, credentials: any BucketCredentials) throws(TwilioError) {
        self.rules = rules
        self.credentials = credentials
        endpoint = try rules.endpoint.map { (url) throws(TwilioError) in
            var base = url.absoluteString
            while base.hasSuffix("/") { base.removeLast() }
            guard let location = ForeignLocation(base), location.scheme != "s3", url.query() == nil,
                url.fragment() == nil, Address(url: url).origin != nil
            else {
                throw TwilioError(
                    .invalidConfiguration,
                    "the address of the S3 server, '\(Address(url: url))', can't be used: it is one like"
                        + " https://storage.example.com, and plain http is for the loopback interface alone")
            }
            return (base, location)
        }
    }

    /// Whether a host, in small letters, was named by the user: as the server to ask, or as one that may be asked.
    public func names(_ host: String) -> Bool {
        if let server = endpoint?.location.host, host == server || host.hasSuffix(".\(server)") { return true }
        return rules.hosts.contains { $0.covers(host) }
    }

    /// Finds the place of media by the address in its resource, which isn't Twilio's.
    func place(of text: String) -> Place {
        if rules.isDenied { return .unreachable("--external-media deny forbids asking for it there") }
        // The text isn't repeated: it may have a password or a signature in it.
        guard let location = ForeignLocation(text) else {
            return .unreachable("its address there is malformed, or has a user's name in it")
        }
        guard let object = object(at: location) else {
            return .unreachable(
                "'\(ForeignText(location.host))' may not be asked for it: if it is your own store, allow it with"
                    + " --external-media allow=HOST")
        }
        // A server could take dots for a step out of its store's path.
        guard !object.key.isEmpty, object.bucket != ".", object.bucket != ".." else {
            return .unreachable("its address there names no object")
        }
        if case .other(let address) = object.server, !Self.isUsable(address) {
            return .unreachable("'\(address)' isn't asked: plain http is for the loopback interface alone")
        }
        if let absence = credentials.absence { return .unreachable(absence) }
        return .object(object)
    }

    /// The object at an address; nil when its server may not be asked.
    private func object(at location: ForeignLocation) -> BucketObject? {
        if location.scheme == "s3" {
            return object(named: location.host, key: location.path.dropFirst(), in: amazon, location, region: nil)
        }
        if let endpoint, endpoint.location.port == location.port {
            let (host, prefix) = (endpoint.location.host, endpoint.location.path == "/" ? "" : endpoint.location.path)
            if location.host == host, location.path.hasPrefix("\(prefix)/") {
                return object(
                    in: location.path.dropFirst(prefix.count), on: .endpoint(endpoint.base), location, region: nil)
            }
            if location.host.hasSuffix(".\(host)") {
                let bucket = String(location.host.dropLast(host.utf8.count + 1))
                return object(
                    named: bucket, key: location.path.dropFirst(), in: .endpoint(endpoint.base), location, region: nil)
            }
        }
        if location.port.isEmpty, let host = S3Host(location.host) {
            let server = endpoint.map { BucketObject.Server.endpoint($0.base) } ?? .amazon(host)
            let region = host.region
            guard let bucket = host.bucket else {
                return object(in: location.path[...], on: server, location, region: region)
            }
            return object(named: bucket, key: location.path.dropFirst(), in: server, location, region: region)
        }
        guard rules.hosts.contains(where: { $0.covers(location.host) }) else { return nil }
        var base = "\(location.scheme)://\(location.host)\(location.port)"
        // As with Amazon's servers, plain http means https where no port says otherwise.
        if location.port.isEmpty, !Self.isUsable(base) { base = "https://\(location.host)" }
        return object(named: "", key: location.path.dropFirst(), in: .other(base), location, region: nil)
    }

    /// Whether the beginning of an address can be connected to: by https, or on the loopback interface.
    private static func isUsable(_ address: String) -> Bool {
        URL(string: address).flatMap { Address(url: $0).origin } != nil
    }

    /// The server of addresses that name a bucket alone.
    private var amazon: BucketObject.Server {
        if let endpoint { return .endpoint(endpoint.base) }
        let region = credentials.region ?? Self.usualRegion
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let host = S3Host("s3.\(region).\(domain)") ?? S3Host("s3.amazonaws.com")
        return host.map { .amazon($0) } ?? .other("https://s3.amazonaws.com")
    }

    /// An object whose path begins with its bucket; without one, the key is empty.
    private func object(
        in path: Substring, on server: BucketObject.Server, _ location: ForeignLocation, region: String?
    ) -> BucketObject {
        let parts = path.dropFirst().split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bucket = parts.first ?? ""
        let key = parts.count > 1 && !bucket.isEmpty ? parts[1] : ""
        return object(named: String(bucket), key: key, in: server, location, region: region)
    }

    private func object(
        named bucket: String, key: Substring, in server: BucketObject.Server, _ location: ForeignLocation,
        region: String?
    ) -> BucketObject {
        BucketObject(server: server, bucket: bucket, key: String(key), query: location.query, region: region)
    }

    // MARK: Addresses

    /// The address of an object, with the provider of its signature.
    func address(of object: BucketObject) throws(TwilioError) -> Address {
        if let absence = credentials.absence { throw TwilioError(.credentialMissing, absence) }
        return try address(of: object, region: region(of: object))
    }

    private func address(of object: BucketObject, region: String) throws(TwilioError) -> Address {
        guard let url = object.url(region: region) else {
            throw TwilioError(.malformedAnswer, "the address of an object in \(object.place) can't be used")
        }
        return Address(url: url, credentials: credentials.provider(region: region))
    }

    private func region(of object: BucketObject) -> String {
        if let known = regions.withLock({ $0[object.site] }), object.hasMovableRegion { return known }
        if let told = object.region { return told }
        switch object.server {
        case .amazon(let host): return host.region ?? host.usualRegion
        case .endpoint, .other: return credentials.region ?? Self.usualRegion
        }
    }

    /// The address of an object in the region that an answer names; nil when it names none, or the one that was asked.
    ///
    /// S3 answers 301 or 307 where a bucket isn't, and 400 to a signature for another region than the server's. The
    /// address is made here, of the bucket's name and the region: nothing leads to a host that the answer names.
    func address(of object: BucketObject, after response: Response) -> Address? {
        guard [301, 302, 303, 307, 308, 400].contains(response.head.status), object.hasMovableRegion,
            let region = S3Answer(response).region, isUsable(region, for: object)
        else { return nil }
        regions.withLock { regions in
            if regions.count >= Self.regionLimit { regions.removeAll() }
            regions[object.site] = region
        }
        guard let address = try? address(of: object, region: region), address != response.head.address else {
            return nil
        }
        return address
    }

    /// Whether a region's name can be signed for; at Amazon's it becomes a part of the host's name.
    private func isUsable(_ region: String, for object: BucketObject) -> Bool {
        if case .amazon = object.server { return S3Host.isRegion(region) }
        return (1...32).contains(region.utf8.count)
            && region.utf8.allSatisfy { $0.isSmallLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
    }
}
