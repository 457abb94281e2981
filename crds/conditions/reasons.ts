/**
 * Every condition type that the operator sets, with every reason it gives. Programs may rely on the
 * reasons; messages are for people. The generated reference is made from this list.
 */
export const CONDITIONS = {
  Ready: {
    kinds: ['Tenant', 'PhoneNumber', 'VoiceRuntime'],
    meaning: 'Everything below holds: the object does what its spec says.',
    reasons: {
      Ready: 'All other conditions that matter to it are True.',
      Progressing: 'Work is going on; look at the condition named in the message.',
      Suspended: 'spec.suspensions is not empty: calls are declined, everything else is kept.',
      IdTaken: 'Another Tenant had this id first, or rows of a deleted one are kept under it.',
      InvalidSpec:
        'The spec says something that only the operator can see to be wrong; the message names it.',
      Deleting: 'The object is being deleted; the message says what it waits for.',
      ClusterError:
        'The cluster, or something it asks, keeps answering with an error; the message has its words.',
      Failed: 'Something below is False; look at the condition named in the message.',
    },
  },
  Served: {
    kinds: ['Tenant', 'PhoneNumber', 'VoiceRuntime'],
    meaning: 'This release acts on every field that the spec sets.',
    reasons: {
      AllFieldsServed: 'Nothing in the spec is ignored.',
      NotServedYet: 'The fields in the message are accepted and kept, and nothing acts on them yet.',
      EngineNotFound:
        'spec.assistant.voice.engine names none of the speech engines that the VoiceRuntime has: its first speaks, with its own voice.',
    },
  },
  Paused: {
    kinds: ['Tenant', 'PhoneNumber', 'VoiceRuntime'],
    meaning: 'Nothing is done for the object, also not its deletion; not set on one that never was paused.',
    reasons: {
      Paused: 'Its annotation `veralux.io/paused` is "true"; what it says besides may be out of date.',
      NotPaused: 'It was paused and is not any more.',
    },
  },
  NamespaceReady: {
    kinds: ['Tenant'],
    meaning: 'The namespace tenant-<name> exists with what belongs into it.',
    reasons: {
      NamespaceReady: 'It exists.',
      NamespaceTaken: 'A namespace of that name exists and is not ours.',
      NamespaceTerminating:
        'It is going away, with its Tenant or to be made anew; the message says what is in the way.',
      ChildTaken: 'An object of a name that belongs into it exists and is not ours; the message says which.',
      ChildTerminating: 'One of the objects is being deleted; it is made anew when it is gone.',
      ChildContested:
        'Somebody changes or deletes one of the objects again and again; the message says which and who.',
      ApplyFailed: 'The cluster refused one of the objects; the message says which.',
    },
  },
  ProfileProjected: {
    kinds: ['Tenant'],
    meaning: 'The phone path sees this generation of the spec.',
    reasons: {
      Projected: 'The profile is in Redis.',
      RedisUnavailable: 'Redis could not be written; it is tried again.',
      StaleFence: 'A newer operator has written it already.',
      Withdrawn: 'The Tenant is being deleted: the profile is out of Redis, and no call is answered.',
    },
  },
  ReferencesResolved: {
    kinds: ['Tenant'],
    meaning:
      'What the spec refers to in the namespace is there and can be used; not set on one that refers to nothing.',
    reasons: {
      Resolved: 'All of it.',
      SecretNotFound:
        'A Secret that spec.tools names does not exist, or is not one that people put there; the tool is not offered on calls.',
      SecretIncomplete:
        'A Secret that spec.tools names has no such key, or no token under it; the tool is not offered on calls.',
      ConfigMapNotFound:
        'A ConfigMap that spec.knowledgeFrom names does not exist; callers are told nothing of it.',
      KnowledgeTooLarge:
        'A ConfigMap that spec.knowledgeFrom names is too large, or with the others together; it is left out.',
      RuntimeSecretMissing:
        'The VoiceRuntime is External and its spec.callTokens names no secret that exists: tokens cannot be sealed for it, and tools that have one are not offered on calls.',
      RedisUnavailable: 'Redis could not be written; it is tried again, and what was known before stays.',
      StaleFence: 'A newer operator has written it already.',
    },
  },
  RuntimeAvailable: {
    kinds: ['Tenant', 'PhoneNumber'],
    meaning: 'The VoiceRuntime that is to answer can take calls.',
    reasons: {
      Available: 'It can.',
      RuntimeNotFound: 'spec.runtimeRef names a VoiceRuntime that does not exist.',
      RuntimeNotReady: 'The VoiceRuntime exists and is not ready.',
    },
  },
  Purchased: {
    kinds: ['PhoneNumber'],
    meaning: 'The number belongs to the carrier account and is claimed for this object.',
    reasons: {
      Owned: 'It is ours.',
      Searching: 'The carrier is asked for numbers that fit spec.search.',
      NoNumberFound: 'The carrier offers no number that fits spec.search.',
      Ordering: 'An order is under way.',
      OrderFailed: 'The carrier refused the order; the message has its reason.',
      NumberClaimed: 'Another PhoneNumber holds this number.',
      NumberLost: 'It was ours and is not in the carrier account any more; nothing is bought unasked.',
      LimitReached: "The tenant's limit of phone numbers is reached.",
      CarrierUnavailable: 'The carrier could not be asked; it is tried again.',
      TenantNotReady: 'The namespace belongs to no Tenant that is ready.',
    },
  },
  Assigned: {
    kinds: ['PhoneNumber'],
    meaning: "The carrier sends the number's calls to the runtime's application.",
    reasons: {
      Assigned: 'It does.',
      WaitingForNumber: 'The number is not ours yet.',
      WaitingForRuntime: 'The VoiceRuntime has no Call Control application yet.',
      CarrierUnavailable:
        'The carrier could not be asked; it is tried again, and what was assigned before stays.',
    },
  },
  Routed: {
    kinds: ['PhoneNumber'],
    meaning: 'A workflow answers the calls.',
    reasons: {
      Routed: 'The number is mapped in Redis.',
      NotRouted: 'spec.routing is absent: the number is owned but not answered.',
      WorkflowNotFound: "spec.routing.workflow is not one of the tenant's workflows, or is switched off.",
      WaitingForNumber: 'The number is not ours yet.',
      RedisUnavailable: 'Redis could not be written; it is tried again.',
    },
  },
  Available: {
    kinds: ['VoiceRuntime'],
    meaning: 'At least one pod takes calls.',
    reasons: {
      PodsServing: 'Pods report that they take calls.',
      NoPods: 'No pod has reported within the last seconds.',
      RedisUnavailable:
        'Redis cannot be asked what the pods of an External runtime report; what was known before stays.',
      ScaledToZero: 'spec.replicas is 0.',
      NotApplied: 'The cluster refused one of the objects; the message says which and why.',
      SecretMissing: 'A Secret that the pods need, or a key in it, does not exist; the message names it.',
      EndpointMissing: 'spec.endpoint.mediaURL is not set.',
      ImageMissing: 'Neither spec.image nor the IMAGE of the operator is set.',
      PodsRefused: 'The cluster does not let the pods be made: a quota, pod security, an admission rule.',
      Unschedulable: "No node has room for the pods; the message has the scheduler's words.",
      ImageNotPulled: 'The image cannot be pulled.',
      ContainerRefused: 'The node could not start the container; the message has its words.',
      CrashLooping: 'The program ends again and again; its log says why.',
      Starting: 'The pods have started and are not ready yet.',
      NotServedYet: 'This release does not run pods for mode Managed.',
    },
  },
  EnginesReady: {
    kinds: ['VoiceRuntime'],
    meaning: 'The engines needed to hear and speak answer.',
    reasons: {
      EnginesReady: 'Each kind has an engine that is ready; the message names those that are not.',
      External: 'The runtime runs elsewhere and calls its engines itself: the operator cannot tell.',
      Elsewhere: 'They run outside the cluster: the runtime itself finds out whether they answer.',
      ScaledToZero: 'The engines of a kind have 0 replicas.',
      Starting: 'The pods of an engine are being made.',
      ModelLoading: 'An engine has started and fetches or loads its model.',
      VolumePending: 'The volume for the model of an engine does not exist yet; is there a StorageClass?',
      PodsRefused: 'The cluster does not let the pods be made: a quota, pod security, an admission rule.',
      Unschedulable: "No node has room or the GPU for an engine; the message has the scheduler's words.",
      ImageNotPulled: "An engine's image cannot be pulled.",
      ContainerRefused:
        "The node could not start an engine's container, for want of a Secret perhaps; the message has its words.",
      CrashLooping: 'An engine ends again and again; its log says why.',
    },
  },
  TelnyxConfigured: {
    kinds: ['VoiceRuntime'],
    meaning: 'The Call Control application exists with the right webhook.',
    reasons: {
      Configured: 'It does; status.connectionID names it.',
      SecretNotFound: 'spec.telnyx.secretRef names a Secret that does not exist.',
      SecretIncomplete: 'The Secret lacks apiKey or publicKey.',
      EndpointMissing: 'The webhook address is not known yet.',
      ApplicationTaken: 'The application is that of another VoiceRuntime; the message says which.',
      CarrierUnavailable:
        'The carrier could not be asked; it is tried again, and what was known before stays.',
      CarrierRefused: 'The carrier refused the account or the settings; the message has its reason.',
    },
  },
  Progressing: {
    kinds: ['VoiceRuntime'],
    meaning: 'A change to the pods of mode Managed is being rolled out; not set for External.',
    reasons: {
      RollingOut: 'Pods are being made or replaced, each old one after its last call.',
      Complete: 'All pods are of this generation.',
      NotApplied: 'The cluster refused one of the objects; the message says which and why.',
      Waiting: 'Something that the pods need is missing; the message names it. Pods that run are kept.',
      PodsRefused: 'The cluster does not let the pods be made: a quota, pod security, an admission rule.',
      RolloutStuck: 'New pods have not become ready in time; the old ones keep the calls.',
    },
  },
} as const satisfies Readonly<Record<string, ConditionDefinition>>;

interface ConditionDefinition {
  readonly kinds: readonly ('Tenant' | 'PhoneNumber' | 'VoiceRuntime')[];
  readonly meaning: string;
  readonly reasons: Readonly<Record<string, string>>;
}

export type ConditionType = keyof typeof CONDITIONS;

/** The reasons that a condition of this type can have. */
export type ReasonOf<T extends ConditionType> = keyof (typeof CONDITIONS)[T]['reasons'] & string;
