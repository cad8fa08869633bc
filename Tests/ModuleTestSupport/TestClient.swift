import TestSupport
import Testing
public import Transfer
public import TwilioAPI
public import TwilioSimulator

/// A client of the API, for a server of the test's own or for a simulated account.
public final class TestClient: Sendable {
    /// The digits of SIDs that need no others.
    public static let digits = "00112233445566778899aabbccddeeff"

    /// The client's connections.
    public let transfer: TransferClient

    /// The client.
    public let client: TwilioClient

    /// Makes a client, which has to be shut down at the end of the test.
    ///
    /// - Parameters:
    ///   - url: the address of both APIs.
    ///   - video: the address of the video API, if it is another.
    ///   - externalMedia: the access to media in a customer's own bucket.
    public init(
        url: String, video: String? = nil, account: String = "AC" + digits, username: String = "name",
        password: String = "word", externalMedia: ExternalMedia? = nil
    ) throws {
        transfer = try TransferClient(TransferClient.Configuration(), logger: .silent)
        client = TwilioClient(
            account: try #require(SID(account)),
            credentials: FixedCredential(Credential(username: username, password: password)),
            endpoints: try Endpoints(api: url, video: video ?? url), transfer: transfer,
            externalMedia: externalMedia)
    }

    /// Makes a client of a simulated account, with its credentials.
    ///
    /// - Parameters:
    ///   - password: another than the account's.
    ///   - apiURL: the address of the 2010 API, if it isn't the simulator's.
    public convenience init(_ simulator: TwilioSimulator, password: String? = nil, apiURL: String? = nil) throws {
        let credentials = simulator.credentials
        try self.init(
            url: apiURL ?? simulator.apiURL, video: simulator.apiURL, account: credentials.accountSID,
            username: credentials.accountSID, password: password ?? credentials.authToken)
    }

    /// Ends its connections.
    public func shutDown() {
        transfer.shutDown()
    }
}

extension TwilioSimulator {
    /// Adds a resource of the kind that its SID tells.
    public func add(_ sid: SID, status: JSONValue = "processing") throws {
        let fields: [String: JSONValue] = ["sid": .string("\(sid)"), "status": status]
        switch sid.prefix {
        case "RE": try add(.recording, fields: fields)
        case "RT": try add(.videoRecording, fields: fields)
        default: try add(.composition, fields: fields)
        }
    }
}
