-- What each user of Studio cost, month by month, by SageMaker's own tags; without a user: what Studio did not launch.
--
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
SELECT
  billing_period AS month,
  account,
  COALESCE(NULLIF(split_part(sagemaker_domain, '/', 2), ''), NULLIF(split_part(sagemaker_user_profile, '/', 2), ''))
    AS domain,
  NULLIF(split_part(sagemaker_user_profile, '/', 3), '') AS user_profile,
  usage_group,
  SUM(cost) AS amount
FROM lines
WHERE part = 'sagemaker'
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 6 DESC, 2, 3, 4, 5
