import ArgumentParser
import CLinux
import FoundationEssentials
import Logging
import TwilioSimulator

/// Runs a simulator until it is told to end.
@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twilio-simulator",
        abstract: "Serves a Twilio account on the loopback interface, with encrypted recordings.",
        discussion: """
            The folder's sub-folders recordings (wav), video-recordings (mka, mkv) and compositions (mp4, webm) hold \
            the media; what lies in a sub-folder unencrypted of these is served as it is. A file NAME.json beside a \
            file overrides members of its resource, or is a resource without media when it is alone.

            When it is ready, one line of JSON on standard output tells the addresses and credentials. It ends on \
            SIGINT or SIGTERM. http://…/_simulator/{requests,behaviour,faults,keys,tokens,credentials,resources,calls,\
            manifest} on the API's port looks into it and changes it.
            """)

    @Option(help: ArgumentHelp("The folder with the media.", valueName: "folder"))
    var media: String?

    @Option(
        help: ArgumentHelp(
            "A public key in PEM, for which media is sealed; with SID= before it, the key's SID. May be repeated: the "
                + "first is used where a side file's public_key_sid doesn't name another.",
            valueName: "file"))
    var publicKey: [String] = []

    @Option(help: ArgumentHelp("The SID of a public key that was given without one.", valueName: "sid"))
    var publicKeySid = "CR0123456789abcdef0123456789abcdef"

    @Option(help: ArgumentHelp("The account's SID.", valueName: "sid"))
    var accountSid = SimulatedCredentials().accountSID

    @Option(help: ArgumentHelp("The account's auth token.", valueName: "token"))
    var authToken = SimulatedCredentials().authToken

    @Option(help: ArgumentHelp("The SID of an API key.", valueName: "sid"))
    var apiKey = SimulatedCredentials().apiKey

    @Option(help: ArgumentHelp("The API key's secret.", valueName: "secret"))
    var apiSecret = SimulatedCredentials().apiSecret

    @Option(help: ArgumentHelp("The identifier of an OAuth client.", valueName: "id"))
    var clientID = SimulatedCredentials().clientID

    @Option(help: ArgumentHelp("The OAuth client's secret.", valueName: "secret"))
    var clientSecret = SimulatedCredentials().clientSecret

    @Option(
        help: ArgumentHelp(
            "A subaccount: name=NAME, and after commas media=FOLDER, sid=AC…, token=TOKEN, status=active, suspended or "
                + "closed, as far as wanted. May be repeated.", valueName: "description"))
    var subaccount: [String] = []

    @Option(
        help: ArgumentHelp(
            "A credential that reaches a part of its account: sid=SK… or AC…, and after commas secret=SECRET and "
                + "account=AC… for a further key, kinds=KIND+KIND of recording, video-recording and composition, "
                + "accounts=no, status=STATUS, code=NUMBER, as far as wanted. May be repeated.",
            valueName: "description"))
    var restrictedKey: [String] = []

    @Flag(help: "Use TLS, with a certificate of an authority created for this run.")
    var tls = false

    @Option(help: ArgumentHelp("The API's port; 0 for a free one.", valueName: "port"))
    var apiPort = 0

    @Option(help: ArgumentHelp("The media host's port; 0 for a free one.", valueName: "port"))
    var mediaPort = 0

    @Option(help: ArgumentHelp("A file that also receives the line of JSON.", valueName: "file"))
    var readyFile: String?

    @Flag(help: "Exit when standard input is closed, as it is when the parent exits.")
    var exitWithParent = false

    @Option(help: ArgumentHelp("Number of generated voice recordings.", valueName: "count"))
    var generateRecordings = 0

    @Option(help: "Their envelopes: of a few keys, or invented for each, which can't be decrypted.")
    var generatedEnvelopes = GeneratedEnvelopes.shared

    @Option(
        help: ArgumentHelp(
            "Write the media as it is stored into this folder, for another server to serve, with its paths and headers "
                + "in objects.json.", valueName: "folder"))
    var exportMedia: String?

    @Option(help: ArgumentHelp("The lowest level that is logged, to standard error.", valueName: "level"))
    var logLevel = "critical"

    @OptionGroup(title: "Behaviour")
    var behaviour: BehaviourOptions

    mutating func run() throws {
        // Before any thread is started, so that all of them leave these signals to `waitForEnd`.
        let ending = EndingSignals()
        _ = twiliofs_keep_freed_memory()
        let simulator = try TwilioSimulator.start(configuration())
        defer { simulator.stop() }
        let line = try readyLine(simulator)
        if let readyFile { try line.write(toFile: readyFile, atomically: true, encoding: .utf8) }
        print(line)
        StandardStreams.flush()
        if exitWithParent { StandardStreams.endProcessWhenInputCloses() }
        ending.wait()
    }

    private func configuration() throws -> SimulatorConfiguration {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError(
                "There is no log level \(logLevel); give trace, debug, info, warning, error or critical")
        }
        var logger = Logger(label: "twilio-simulator", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        var configuration = SimulatorConfiguration(
            mediaFolder: media, publicKeys: try publicKey.map(readKey), logger: logger)
        configuration.credentials = SimulatedCredentials(
            accountSID: accountSid, authToken: authToken, apiKey: apiKey, apiSecret: apiSecret)
        configuration.credentials.clientID = clientID
        configuration.credentials.clientSecret = clientSecret
        configuration.subaccounts = try subaccount.map { try SimulatedSubaccount(argument: $0) }
        configuration.keys = try restrictedKey.map { try SimulatedKey(argument: $0) }
        configuration.tls = tls
        configuration.apiPort = apiPort
        configuration.mediaPort = mediaPort
        configuration.generatedRecordings = generateRecordings
        configuration.generatedEnvelopes = generatedEnvelopes
        configuration.exportFolder = exportMedia
        configuration.behaviour = behaviour.behaviour
        return configuration
    }

    private func readKey(_ argument: String) throws -> SimulatorConfiguration.PublicKey {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let isNamed = parts.count == 2 && parts[0].hasPrefix("CR")
        let path = isNamed ? parts[1] : argument
        do {
            let pem = try String(contentsOfFile: path, encoding: .utf8)
            return SimulatorConfiguration.PublicKey(sid: isNamed ? parts[0] : publicKeySid, pem: pem)
        } catch {
            throw ValidationError("The public key \(path) can't be read; give a file in PEM: \(error)")
        }
    }

    /// Is the line that tells how to reach the simulator.
    private struct Ready: Encodable {
        let apiURL: String
        let mediaURL: String
        let accountSid: String
        let authToken: String
        let apiKey: String
        let apiSecret: String
        let clientID: String
        let clientSecret: String
        let publicKeySid: String?
        let caFile: String?
        let subaccounts: [Subaccount]

        struct Subaccount: Encodable {
            let sid: String
            let authToken: String
            let name: String
        }
    }

    private func readyLine(_ simulator: TwilioSimulator) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(
            Ready(
                apiURL: simulator.apiURL, mediaURL: simulator.mediaURL, accountSid: accountSid, authToken: authToken,
                apiKey: apiKey, apiSecret: apiSecret, clientID: clientID, clientSecret: clientSecret,
                publicKeySid: simulator.publicKeySID,
                caFile: simulator.authorityFile,
                subaccounts: simulator.subaccounts.map {
                    Ready.Subaccount(sid: $0.sid, authToken: $0.authToken, name: $0.name)
                }))
        return String(decoding: data, as: UTF8.self)
    }
}
