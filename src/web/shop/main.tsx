/** The shop's page: catalogue, library and author desk, a client of the GraphQL API and nothing else. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to give
import '../shared/base.css';
// oxlint-disable-next-line import/no-unassigned-import -- as above
import './page.css';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to give
import './parts.css';

const place = document.querySelector('#shop');
if (place) {
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
