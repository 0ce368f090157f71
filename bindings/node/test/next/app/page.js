import { generateIdentityHmac } from 'identity-hmac';

export const dynamic = 'force-dynamic';

export default function Page() {
  return <p>{generateIdentityHmac('visitor_1', 's3cret')}</p>;
}
