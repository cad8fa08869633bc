import ArgumentParser
import TwilioSimulator

/// Is each member of `Behaviour` as an option.
struct BehaviourOptions: ParsableArguments {
    @Option(help: "Whether voice media obeys Range.")
    var voiceRange = Behaviour.RangeSupport.honoured

    @Option(help: "How voice media tells its length.")
    var voiceLength = Behaviour.BodyLength.contentLength

    @Flag(inversion: .prefixedNo, help: "Answer HEAD on voice media; 405 otherwise.")
    var voiceHead = true

    @Option(help: "The status with which voice media is redirected to the media host.")
    var voiceRedirect = Behaviour.VoiceRedirect.none

    @Option(help: ArgumentHelp("Answer 404 to the first requests for a voice recording's media.", valueName: "count"))
    var voiceNotFound = 0

    @Option(help: "Whether the media host obeys Range.")
    var mediaRange = Behaviour.RangeSupport.honoured

    @Option(help: "How the media host tells a body's length.")
    var mediaLength = Behaviour.BodyLength.contentLength

    @Option(help: "The names of the members of encryption_details.")
    var encryptionSpelling = Behaviour.EncryptionSpelling.documentation

    @Option(help: "Whether encryption_details is an object or a string with one.")
    var encryptionForm = Behaviour.EncryptionForm.object

    @Option(help: "How media_url of voice recordings begins, or whether it is null.")
    var mediaAddress = Behaviour.MediaAddress.https

    @Flag(inversion: .prefixedNo, help: "Send the plaintext's size with sealed video media.")
    var unencryptedLength = true

    @Flag(inversion: .prefixedNo, help: "Send the plaintext's MD5 with sealed video media.")
    var unencryptedMD5 = false

    @Option(help: "The version of the encryption client whose metadata video media has.")
    var metadataVersion = Behaviour.MetadataVersion.one

    @Option(help: "How version 2 wraps content keys.")
    var wrapAlgorithm = Behaviour.WrapAlgorithm.oaepSHA256

    @Option(help: "How version 2 seals content.")
    var contentAlgorithm = Behaviour.ContentAlgorithm.gcm

    @Option(help: "What size of a video resource counts.")
    var videoSize = Behaviour.VideoSize.ciphertext

    @Flag(inversion: .prefixedNo, help: "Send an ETag with media.")
    var etag = true

    @Option(help: ArgumentHelp("The life of presigned addresses, whatever Ttl asks.", valueName: "seconds"))
    var urlLifetime: Int?

    @Option(help: ArgumentHelp("The base of another server's addresses, for presigned addresses.", valueName: "url"))
    var mediaOrigin: String?

    @Option(help: "The format of the 2010 API's errors.")
    var errorFormat = Behaviour.ErrorFormat.json

    @Option(help: ArgumentHelp("The most resources on a page.", valueName: "count"))
    var pageSizeLimit: Int?

    @Option(help: "The order of the lists of media.")
    var listOrder = Behaviour.ListOrder.newestFirst

    @Option(help: "Whether the lists' filters by date include their day or time.")
    var dateFilter = Behaviour.DateFilter.inclusive

    @Option(help: "Whether a page begins after the last resource of the one before, or where counting leads.")
    var paging = Behaviour.Paging.token

    @Option(help: "What follows the last page of a list.")
    var listEnd = Behaviour.ListEnd.proper

    @Option(help: ArgumentHelp("A resource member that is null everywhere; may be repeated.", valueName: "name"))
    var nullField: [String] = []

    @Option(help: ArgumentHelp("The wait before each answer.", valueName: "milliseconds"))
    var latency = 0

    @Option(help: ArgumentHelp("The most body bytes per second of a connection.", valueName: "bytes"))
    var bandwidth: Int?

    @Option(help: ArgumentHelp("Answer 429 to more API requests at once than this.", valueName: "count"))
    var concurrencyLimit: Int?

    @Option(help: ArgumentHelp("Retry-After of those answers.", valueName: "seconds"))
    var retryAfter: Int?

    /// The behaviour that the options describe.
    var behaviour: Behaviour {
        var behaviour = Behaviour()
        behaviour.voiceRange = voiceRange
        behaviour.voiceLength = voiceLength
        behaviour.voiceHeadSupported = voiceHead
        behaviour.voiceRedirect = voiceRedirect
        behaviour.voiceNotFoundCount = voiceNotFound
        behaviour.mediaRange = mediaRange
        behaviour.mediaLength = mediaLength
        behaviour.encryptionSpelling = encryptionSpelling
        behaviour.encryptionForm = encryptionForm
        behaviour.mediaAddress = mediaAddress
        behaviour.sendsUnencryptedLength = unencryptedLength
        behaviour.sendsUnencryptedMD5 = unencryptedMD5
        behaviour.metadataVersion = metadataVersion
        behaviour.wrapAlgorithm = wrapAlgorithm
        behaviour.contentAlgorithm = contentAlgorithm
        behaviour.videoSize = videoSize
        behaviour.sendsETag = etag
        behaviour.urlLifetimeSeconds = urlLifetime
        behaviour.mediaOrigin = mediaOrigin
        behaviour.errorFormat = errorFormat
        behaviour.pageSizeLimit = pageSizeLimit
        behaviour.listOrder = listOrder
        behaviour.dateFilter = dateFilter
        behaviour.paging = paging
        behaviour.listEnd = listEnd
        behaviour.nullFields = nullField
        behaviour.latencyMilliseconds = latency
        behaviour.bytesPerSecond = bandwidth
        behaviour.concurrencyLimit = concurrencyLimit
        behaviour.retryAfterSeconds = retryAfter
        return behaviour
    }
}
