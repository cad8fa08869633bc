import Foundation
import Logging
import TestSupport
import Testing
import Transfer
import TwilioSimulator

@testable import TwilioAPI

/// A simulated account, and a client for it.
final class AccountBench: Sendable {
    let simulator: TwilioSimulator
    let transfer: TransferClient
    let client: TwilioClient

    static let quiet: Logger = {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        return logger
    }()

    init(password: String? = nil, configure: (inout SimulatorConfiguration) -> Void = { _ in }) throws {
        var configuration = try SimulatorConfiguration(publicKeys: [.init(pem: KeyPair.shared.publicPEM)])
        configure(&configuration)
        simulator = try TwilioSimulator.start(configuration)
        transfer = try TransferClient(TransferClient.Configuration(), logger: Self.quiet)
        client = TwilioClient(
            account: try #require(SID(simulator.credentials.accountSID)),
            credentials: FixedCredential(
                username: simulator.credentials.accountSID, password: password ?? simulator.credentials.authToken),
            endpoints: try Endpoints(api: simulator.apiURL, video: simulator.apiURL),
            transfer: transfer)
    }

    deinit {
        transfer.shutDown()
        simulator.stop()
    }

    /// All pages of a list, or of a part of it.
    func pages(of kind: TwilioAPI.MediaKind, in interval: CreationInterval = CreationInterval()) throws
        -> [ResourcePage]
    {
        var pages = [try client.page(of: kind, in: interval)]
        while let next = pages.last?.next { pages.append(try client.page(of: kind, next: next)) }
        return pages
    }

    static let digits = "00112233445566778899aabbccddeeff"
}

extension TwilioClient {
    /// Waits for a page of a list.
    func page(
        of kind: TwilioAPI.MediaKind, in interval: CreationInterval = CreationInterval(), size: Int? = nil,
        next: String? = nil
    ) throws -> ResourcePage {
        let answers = Awaited<Result<ListAnswer, TwilioError>>()
        page(of: kind, in: interval, size: size, next: next) { answers.add($0) }
        return try answers.value().get().page()
    }
}

extension TwilioSimulator {
    /// Adds a resource of the kind that its SID tells.
    func add(_ sid: SID, status: JSONValue = "processing") throws {
        let fields: [String: JSONValue] = ["sid": .string("\(sid)"), "status": status]
        switch sid.prefix {
        case "RE": try add(.recording, fields: fields)
        case "RT": try add(.videoRecording, fields: fields)
        default: try add(.composition, fields: fields)
        }
    }
}
