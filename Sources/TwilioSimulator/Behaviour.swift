public import Support

/// Says how the simulated services behave where Twilio's documentation leaves a choice, and how slow and narrow they
/// are.
///
/// All of it can be changed while the simulator runs, and is obeyed from the next request on.
public struct Behaviour: Sendable, Hashable, Codable {
    /// Whether a `Range` header is obeyed.
    public enum RangeSupport: String, Sendable, Codable, CaseIterable {
        /// 206 with the range.
        case honoured
        /// 200 with the whole body.
        case ignored
    }

    /// How a response says where its body ends.
    public enum BodyLength: String, Sendable, Codable, CaseIterable {
        /// A `Content-Length` header.
        case contentLength = "content-length"
        /// `Transfer-Encoding: chunked`, without a length.
        case chunked
    }

    /// Whether voice media is served by the API host or the request is redirected to a presigned address.
    public enum VoiceRedirect: String, Sendable, Codable, CaseIterable {
        /// The API host serves the media.
        case none
        /// 301 to the media host.
        case movedPermanently = "301"
        /// 302 to the media host.
        case found = "302"
        /// 307 to the media host.
        case temporaryRedirect = "307"
    }

    /// The names that the members of `encryption_details` have.
    public enum EncryptionSpelling: String, Sendable, Codable, CaseIterable {
        /// `type`, `public_key_sid`, `encrypted_cek`, `iv`: the documentation and status callbacks.
        case documentation
        /// `type`, `encryption_public_key_sid`, `encryption_cek`, `iv`: the documentation's GET sample.
        case sample
        /// `encryption_public_key_sid`, `encryption_cek`, `encryption_iv`: the OpenAPI examples.
        case openAPI = "openapi"
    }

    /// How `encryption_details` is written.
    public enum EncryptionForm: String, Sendable, Codable, CaseIterable {
        /// A JSON object.
        case object
        /// A string that holds JSON.
        case string
    }

    /// The version of the S3 encryption client whose metadata video media has.
    public enum MetadataVersion: String, Sendable, Codable, CaseIterable {
        /// `x-amz-key`: AES-256-CBC, RSAES-PKCS1-v1_5.
        case one = "1"
        /// `x-amz-key-v2`, with the algorithms named beside it.
        case two = "2"
    }

    /// `x-amz-wrap-alg` of version 2.
    public enum WrapAlgorithm: String, Sendable, Codable, CaseIterable {
        /// OAEP with SHA-256 throughout.
        case oaepSHA256 = "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"
        /// OAEP with SHA-1 throughout.
        case oaepSHA1 = "RSA-OAEP-SHA1"
    }

    /// `x-amz-cek-alg` of version 2.
    public enum ContentAlgorithm: String, Sendable, Codable, CaseIterable {
        /// GCM with a 12-byte IV and the tag appended.
        case gcm = "AES/GCM/NoPadding"
        /// CBC as in version 1.
        case cbc = "AES/CBC/PKCS5Padding"
    }

    /// What `size` of a video resource counts.
    public enum VideoSize: String, Sendable, Codable, CaseIterable {
        /// The bytes before sealing.
        case plaintext
        /// The bytes as stored.
        case ciphertext
    }

    /// The services that accept OAuth tokens, which Twilio doesn't state.
    public enum BearerAcceptance: String, Sendable, Codable, CaseIterable {
        /// All services.
        case all
        /// The 2010 API alone.
        case voice
        /// The video API alone.
        case video
        /// None.
        case none
    }

    /// The format of the 2010 API's error bodies.
    public enum ErrorFormat: String, Sendable, Codable, CaseIterable {
        /// A JSON object.
        case json
        /// `TwilioResponse/RestException`.
        case xml
    }

    /// How a voice resource's `media_url` begins, if it is there.
    public enum MediaAddress: String, Sendable, Codable, CaseIterable {
        /// `https://api.twilio.com/…`.
        case https
        /// `http://api.twilio.com/…`, as older recordings have it.
        case http
        /// `null`.
        case absent
    }

    /// The order of the lists, which Twilio doesn't promise.
    public enum ListOrder: String, Sendable, Codable, CaseIterable {
        /// By the time at which they were created, the latest first.
        case newestFirst = "newest-first"
        /// By the time at which they were created, the earliest first.
        case oldestFirst = "oldest-first"
        /// In an order that has nothing to do with time, and is always the same.
        case unordered
    }

    /// What the filters of lists by date of creation mean, which Twilio doesn't state.
    public enum DateFilter: String, Sendable, Codable, CaseIterable {
        /// Voice: `DateCreated<` and `DateCreated>` include all of their day, whatever the time.
        ///
        /// Video: both bounds are included.
        case inclusive
        /// Voice: both mean the day's midnight: `DateCreated<` excludes all but the day's first second.
        case midnight
        /// Voice: the time of day counts, and is midnight in a date without one.
        case time
        /// Voice: neither includes its day.
        ///
        /// Video: neither bound is included.
        case exclusive
    }

    /// What a chain of pages does when resources arrive or go while it is walked.
    public enum Paging: String, Sendable, Codable, CaseIterable {
        /// A page begins after the last resource of the one before: nothing is repeated or missed.
        case token
        /// A page is cut from the list as it is at that moment: arrivals push resources onto the next page, where they
        /// are repeated, and deletions let resources slip past.
        case index
    }

    /// What follows the last page of a list.
    public enum ListEnd: String, Sendable, Codable, CaseIterable {
        /// Nothing.
        case proper
        /// Empty pages without end, each with a link of its own.
        case empty
        /// The list from its beginning, again and again, each page with a link of its own.
        case repeated
    }

    /// What an account demands of requests' tokens: Public Key Client Validation.
    public enum ClientValidation: String, Sendable, Codable, CaseIterable {
        /// It isn't enabled: requests with a token are refused (70053).
        case disabled
        /// Tokens are checked where there are any.
        case enabled
        /// Requests without a token are refused (70052).
        case enforced
    }

    /// Whether voice media that the API host serves obeys `Range`.
    public var voiceRange = RangeSupport.honoured
    /// How voice media that the API host serves tells its length.
    public var voiceLength = BodyLength.contentLength
    /// Whether `HEAD` works on voice media; 405 otherwise.
    public var voiceHeadSupported = true
    /// Where voice media is served.
    public var voiceRedirect = VoiceRedirect.none
    /// For how many requests each voice recording's media is 404 before it is there.
    public var voiceNotFoundCount = 0
    /// Whether the media host obeys `Range`.
    public var mediaRange = RangeSupport.honoured
    /// How the media host tells a body's length.
    public var mediaLength = BodyLength.contentLength
    /// The names in `encryption_details`.
    public var encryptionSpelling = EncryptionSpelling.documentation
    /// The form of `encryption_details`.
    public var encryptionForm = EncryptionForm.object
    /// The scheme and presence of `media_url`.
    public var mediaAddress = MediaAddress.https
    /// Whether sealed video media tells its plaintext's size in a header.
    public var sendsUnencryptedLength = true
    /// Whether sealed video media tells its plaintext's MD5 in a header.
    public var sendsUnencryptedMD5 = false
    /// The metadata of video media.
    public var metadataVersion = MetadataVersion.one
    /// How version 2 wraps content keys.
    public var wrapAlgorithm = WrapAlgorithm.oaepSHA256
    /// How version 2 seals content.
    public var contentAlgorithm = ContentAlgorithm.gcm
    /// What `size` of video resources is.
    public var videoSize = VideoSize.ciphertext
    /// Whether sealed video media comes with the headers that describe its envelope.
    public var sendsEnvelope = true
    /// Whether media comes with an `ETag`.
    public var sendsETag = true
    /// The life of presigned addresses in seconds, whatever `Ttl` asks; nil obeys `Ttl` (600 without it).
    public var urlLifetimeSeconds: Int?
    /// The base of another server's addresses, `http://127.0.0.1:PORT`, which presigned addresses then lead to.
    ///
    /// That server has to serve what was exported; nil leads to the media host.
    public var mediaOrigin: String?
    /// The URL of a bucket of the customer's own, in which all media is; nil keeps it at Twilio.
    ///
    /// The resources then name objects below it, with the paths of exported media, and Twilio's own addresses of media
    /// answer 404.
    public var bucket: String?
    /// The services that accept OAuth tokens; the others answer 401.
    public var bearerAcceptance = BearerAcceptance.all
    /// How long an OAuth token is accepted, in seconds.
    public var tokenLifetimeSeconds = 3600
    /// The `expires_in` of OAuth tokens; nil for their lifetime.
    public var announcedTokenLifetimeSeconds: Int?
    /// Whether there is video at all, as there isn't in some regions; 404 otherwise.
    public var servesVideo = true
    /// The format of the 2010 API's errors.
    public var errorFormat = ErrorFormat.json
    /// The most resources on a page, below what the API allows; nil for the API's own limit.
    public var pageSizeLimit: Int?
    /// The order of the lists of media.
    public var listOrder = ListOrder.newestFirst
    /// What their filters by date mean.
    public var dateFilter = DateFilter.inclusive
    /// How the pages of these lists are cut.
    public var paging = Paging.token
    /// What follows their last page.
    public var listEnd = ListEnd.proper
    /// Resource members that are `null` wherever they appear.
    public var nullFields: [String] = []
    /// The wait before each answer, in milliseconds.
    public var latencyMilliseconds = 0
    /// The most bytes of body per second and connection; nil for no limit.
    public var bytesPerSecond: Int?
    /// How many API requests may be in progress at once; one more is answered with 429.
    ///
    /// Nil for no limit.
    public var concurrencyLimit: Int?
    /// `Retry-After` of those 429 answers, in seconds; nil leaves it out.
    public var retryAfterSeconds: Int?
    /// Whether requests have to be signed.
    public var clientValidation = ClientValidation.disabled

    /// Makes the behaviour that Twilio's documentation describes, as fast as the machine allows.
    public init() {}

    /// Gives this behaviour with the members of a JSON object laid over it.
    ///
    /// - Throws: `SimulatorError` with code `input` when a member is unknown or has a wrong value.
    public func merging(_ changes: JSONValue) throws(SimulatorError) -> Behaviour {
        let before = try JSONValue(encoding: self)
        let known = Set(CodingKeys.allCases.map(\.rawValue))
        if let unknown = changes.object?.keys.first(where: { !known.contains($0) }) {
            throw SimulatorError(.input, "The behaviour has no member \(unknown); correct its name")
        }
        return try before.merging(changes).decode(Behaviour.self, subject: "The behaviour")
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case voiceRange, voiceLength, voiceHeadSupported, voiceRedirect, voiceNotFoundCount, mediaRange, mediaLength
        case encryptionSpelling, encryptionForm, mediaAddress, sendsUnencryptedLength, sendsUnencryptedMD5
        case metadataVersion, wrapAlgorithm, contentAlgorithm, videoSize, sendsEnvelope, sendsETag, urlLifetimeSeconds,
            mediaOrigin, bucket
        case bearerAcceptance, tokenLifetimeSeconds, announcedTokenLifetimeSeconds
        case servesVideo, errorFormat, pageSizeLimit, listOrder, dateFilter, paging, listEnd, nullFields,
            latencyMilliseconds, bytesPerSecond
        case concurrencyLimit, retryAfterSeconds, clientValidation
    }
}
