package import FoundationEssentials
package import Support

/// The fields of `status.json` that `twiliofs status` shows.
///
/// ``MountMetrics`` declares all fields and their meaning; a test compares both. A new field keeps the number of the
/// schema; removing a field or changing its meaning changes the number. A value that isn't known is absent from the
/// JSON, and nil here. A reader has to expect unknown names, also in ``List/state``.
package struct MountStatus: Codable, Hashable, Sendable {
    /// The number of the schema that this program writes and reads.
    package static let currentSchema = 1

    package var schema = Self.currentSchema
    package var version: String
    package var time: Date
    package var mounted: Date
    package var account: String
    package var keyProcess: String?
    package var lostKeys: [LostKey]?
    package var lists: [String: List]
    package var calls: Calls?
    package var accounts: [Subaccount]
    package var integrity: [String: Int64]
    package var unreadable: [Unreadable]?
    package var probes: Probes
    package var requests: [RequestCount]
    package var transfers: Transfers
    package var hosts: [Host]?
    package var limiter: Limiter
    package var bytes: Bytes
    package var openFiles: Int
    package var waitingReads: Int
    package var waitingRequests: Int
    package var errors: Errors
    package var memory: Memory

    package struct LostKey: Codable, Hashable, Sendable {
        package var name: String
    }

    package struct List: Codable, Hashable, Sendable {
        /// The word for the state, possibly of a later version.
        package var state: String
        package var error: String?
        package var recordings: Int64
        package var sized: Int64?
        package var knownBytes: Int64
        package var pages: Int64?
        package var items: Int64?
        package var itemsPerSecond: Double?
        package var secondsLeft: Double?

        /// The value of ``state`` for an incomplete list that is being fetched.
        package static let syncing = "syncing"
    }

    package struct Calls: Codable, Hashable, Sendable {
        /// The word for the state, as in ``List/state``.
        package var state: String
        package var error: String?
    }

    package struct Subaccount: Codable, Hashable, Sendable {
        package var sid: String
        package var name: ForeignText
        package var lists: [String: List]
        package var calls: Calls?
        package var video: String

        /// The value of ``video`` for visible video.
        package static let videoIsAvailable = "available"
    }

    package struct Unreadable: Codable, Hashable, Sendable {
        package var sentence: String
    }

    package struct Probes: Codable, Hashable, Sendable {
        package var outstanding: Int
        package var learnt: Int64
        package var failed: Int64
    }

    package struct RequestCount: Codable, Hashable, Sendable {
        package var host: String
        package var status: String
        package var count: Int64
    }

    package struct Host: Codable, Hashable, Sendable {
        package var host: String
        package var state: String
        package var failures: Int
        package var error: String?
        package var nextAttemptSeconds: Double
        package var pausedSeconds: Double
    }

    package struct Transfers: Codable, Hashable, Sendable {
        package var running: Int
        package var waiting: Waiting
        package var retries: Int64
    }

    package struct Waiting: Codable, Hashable, Sendable {
        package var reader: Int
        package var readAhead: Int
        package var background: Int
    }

    package struct Limiter: Codable, Hashable, Sendable {
        package var limit: Int
        package var maximum: Int
        package var running: Int
        package var pausedSeconds: Double
    }

    package struct Bytes: Codable, Hashable, Sendable {
        package var fetched: Int64
        package var fromDiskCache: Int64
        package var served: Int64
    }

    package struct Errors: Codable, Hashable, Sendable {
        package var media: [String: Int64]
        package var system: [String: Int64]
    }

    package struct Memory: Codable, Hashable, Sendable {
        package var granted: Int
        package var used: Int
    }
}

extension MountStatus {
    /// Reads the JSON of any version with the same schema.
    ///
    /// - Throws: `DecodingError`.
    package init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        self = try decoder.decode(Self.self, from: json)
    }
}
