/** The workbench's page: what happens in the house, live, for admins. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to give
import '../shared/base.css';
// oxlint-disable-next-line import/no-unassigned-import -- as above
import './style.css';

const place = document.querySelector('#workbench');
if (place) {
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
