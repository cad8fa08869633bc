public import FoundationEssentials
import Readability
public import Support
import TwilioAPI

/// What a mount tells of itself: the contents of `.twiliofs/status.json`, as plain data.
///
/// `doc/STATUS.md` says of each field what it means. Fields may be added; a field that changes its meaning, or goes,
/// makes another ``schema``. What isn't known is nil, and left out of the JSON. Whoever reads has to expect names that
/// it doesn't know, in ``List/State`` as well.
public struct MountStatus: Codable, Hashable, Sendable {
    /// The schema that this program writes.
    public static let currentSchema = 1

    /// Which fields there are, and what they mean.
    public var schema = Self.currentSchema

    /// The version of the program that serves the mount.
    public var version: String

    /// When this was gathered.
    public var time: Date

    /// When the account was mounted.
    public var mounted: Date

    /// The account and what is known of its recordings.
    public var account: String

    /// The lists of the account by the name of their directory.
    public var lists: [String: List]

    /// The subaccounts that are mounted below it.
    public var accounts: [Subaccount] = []

    /// How many completed recordings of the mounted account, without its subaccounts, there are of each integrity; the
    /// keys are those of `user.twilio.integrity`.
    public var integrity: [String: Int64]

    /// Completed recordings that can't be read, by reason.
    public var unreadable: [Unreadable]?

    /// What was found out since the account was mounted.
    public var verdicts: Verdicts

    /// The learning of sizes.
    public var probes: Probes

    /// Requests that have ended, in the order of their hosts.
    public var requests: [RequestCount]

    /// Transfers that are under way.
    public var transfers: Transfers

    /// Hosts that can't be reached or ask for a pause; nil when there is none.
    public var hosts: [Host]?

    /// What Twilio seems to allow.
    public var limiter: Limiter

    /// Bytes of media.
    public var bytes: Bytes

    /// Recordings that are open, each as often as it is.
    public var openFiles: Int

    /// Reads of recordings that have begun and not ended.
    public var waitingReads: Int

    /// Requests of the kernel that have no answer yet.
    public var waitingRequests: Int

    /// What has failed.
    public var errors: Errors

    /// Memory for media.
    public var memory: Memory
}

extension MountStatus {
    /// How far one list is.
    public struct List: Codable, Hashable, Sendable {
        /// How far a list is, as a word.
        public struct State: RawRepresentable, Codable, Hashable, Sendable {
            /// The word.
            public let rawValue: String

            /// Makes a state of any word.
            public init(rawValue: String) {
                self.rawValue = rawValue
            }

            /// Nothing of it has been fetched, and nothing is being fetched.
            public static let waiting = State(rawValue: "waiting")

            /// It is being fetched for the first time.
            public static let syncing = State(rawValue: "syncing")

            /// All of it is there.
            public static let complete = State(rawValue: "complete")

            /// All of it is there, but it couldn't be brought up to date lately.
            public static let stale = State(rawValue: "stale")

            /// It couldn't be fetched.
            public static let failed = State(rawValue: "failed")

            /// All of them, in the order in which a list goes through them.
            public static let all = [waiting, syncing, complete, stale, failed]
        }

        /// How far it is.
        public var state: State

        /// Why it is stale or failed.
        public var error: String?

        /// Completed recordings that are known.
        public var recordings: Int64

        /// Recordings that are known by their status, which is Twilio's.
        public var resources: [String: Int64]?

        /// Completed recordings whose size is known.
        public var sized: Int64?

        /// The sum of the sizes that are known, in bytes of plaintext.
        public var knownBytes: Int64

        /// Pages that have been fetched of a list that isn't complete yet; nil otherwise.
        public var pages: Int64?

        /// Recordings on these pages.
        public var items: Int64?

        /// Recordings that come in a second.
        public var itemsPerSecond: Double?

        /// Seconds until the list is complete, as far as can be told.
        public var secondsLeft: Double?

        /// When it was last asked for what is new.
        public var lastRefresh: Date?

        /// When all of it was last fetched.
        public var lastFullPass: Date?

        /// Makes a list of which no more is known.
        public init(state: State, error: String? = nil, recordings: Int64, knownBytes: Int64) {
            self.state = state
            self.error = error
            self.recordings = recordings
            self.knownBytes = knownBytes
        }
    }

    /// A subaccount.
    public struct Subaccount: Codable, Hashable, Sendable {
        /// Its SID.
        public var sid: String

        /// Its friendly name.
        public var name: ForeignText

        /// Its lists by the name of their directory.
        public var lists: [String: List]

        /// `available`, or why its video can't be shown.
        public var video: String

        /// What ``video`` is where it can be shown.
        public static let videoIsAvailable = "available"

        /// Makes a subaccount.
        public init(sid: String, name: ForeignText, lists: [String: List], video: String) {
            self.sid = sid
            self.name = name
            self.lists = lists
            self.video = video
        }
    }

    /// Recordings that can't be read, for one reason.
    public struct Unreadable: Codable, Hashable, Sendable {
        /// The SID of the public key whose private key isn't held, or `bucket` for media outside of Twilio.
        public var requirement: String

        /// How many recordings there are.
        public var recordings: Int64

        /// Whether they are left out of the directories.
        public var isHidden: Bool

        /// What is to be told of them.
        public var sentence: String

        init(_ unreadable: UnreadableRecordings) {
            requirement = unreadable.requirement.name
            recordings = unreadable.count
            isHidden = unreadable.isHidden
            sentence = unreadable.sentence
        }
    }

    /// What became of tags that were checked.
    public struct Verdicts: Codable, Hashable, Sendable {
        /// The tag agreed.
        public var verified: Int64

        /// The tag disagreed at first.
        public var doubted: Int64

        /// The tag disagreed twice.
        public var failed: Int64
    }

    /// Requests that learn the size of a recording.
    public struct Probes: Codable, Hashable, Sendable {
        /// Under way, or waiting for their turn.
        public var outstanding: Int

        /// Sizes that were learnt.
        public var learnt: Int64

        /// Sizes that couldn't be.
        public var failed: Int64
    }

    /// Requests that ended in the same way.
    public struct RequestCount: Codable, Hashable, Sendable {
        /// The host they went to.
        public var host: String

        /// The answer's status, or `failed` or `cancelled` where there was no answer.
        public var status: String

        /// How many.
        public var count: Int64
    }

    /// What keeps requests from a host.
    public struct Host: Codable, Hashable, Sendable {
        /// The host, with its port where that isn't the scheme's own.
        public var host: String

        /// `closed` (requests are sent), `open` (none is, until the next attempt) or `half_open` (one is on its way).
        public var state: String

        /// Attempts to connect in a row that failed.
        public var failures: Int

        /// Why the last of them failed.
        public var error: String?

        /// Seconds until the next attempt; 0 unless the state is `open`.
        public var nextAttemptSeconds: Double

        /// Seconds that the host has asked to wait; 0 when it hasn't.
        public var pausedSeconds: Double

        /// Makes a host.
        public init(
            host: String, state: String, failures: Int, error: String?, nextAttemptSeconds: Double,
            pausedSeconds: Double
        ) {
            self.host = host
            self.state = state
            self.failures = failures
            self.error = error
            self.nextAttemptSeconds = nextAttemptSeconds
            self.pausedSeconds = pausedSeconds
        }
    }

    /// What the client is doing.
    public struct Transfers: Codable, Hashable, Sendable {
        /// Requests that have begun and not ended.
        public var running: Int

        /// Requests that wait for their turn.
        public var waiting: Waiting

        /// How often a transfer has waited in order to be repeated.
        public var retries: Int64

        /// Bytes of all answers, those of the API included.
        public var receivedBytes: Int64
    }

    /// Requests that wait for their turn, by who needs them.
    public struct Waiting: Codable, Hashable, Sendable {
        /// A reader.
        public var reader: Int

        /// A reader, soon.
        public var readAhead: Int

        /// Nobody in particular.
        public var background: Int
    }

    /// How many requests at once the account seems to allow.
    public struct Limiter: Codable, Hashable, Sendable {
        /// How many now.
        public var limit: Int

        /// How many at the most.
        public var maximum: Int

        /// How many run.
        public var running: Int

        /// Seconds until the next may begin; 0 when it may.
        public var pausedSeconds: Double
    }

    /// Where bytes came from and went.
    public struct Bytes: Codable, Hashable, Sendable {
        /// Ciphertext from the network.
        public var fetched: Int64

        /// Ciphertext from the disk cache.
        public var fromDiskCache: Int64

        /// Plaintext to readers.
        public var served: Int64
    }

    /// What has failed, by kind.
    public struct Errors: Codable, Hashable, Sendable {
        /// Reading media: ``Media/MediaError/Code``.
        public var media: [String: Int64]

        /// What programs were told: names of errnos.
        public var system: [String: Int64]
    }

    /// Memory for media, in bytes.
    public struct Memory: Codable, Hashable, Sendable {
        /// What `--memory` grants.
        public var granted: Int

        /// What ciphertext takes of it.
        public var used: Int
    }
}

extension MountStatus {
    /// Reads what ``json`` wrote, at any version that has the same schema.
    ///
    /// - Throws: `DecodingError`.
    public init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        self = try decoder.decode(Self.self, from: json)
    }

    /// A JSON text, for people as well as programs; times are ISO 8601, in UTC.
    public var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.dateEncodingStrategy = .iso8601
            return try encoder.encode(self)
        }
    }
}
